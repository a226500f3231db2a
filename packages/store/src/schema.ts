import type {
  BootPhase,
  Device,
  Failure,
  Hardware,
  InstanceState,
  KeepAlive,
  LedgerRecord,
  Millis,
  PooledGaps,
  PredictionStatus,
  PullProgress,
  RuntimeKind,
  Span,
  TerminalStatus,
  UseHistory,
  WebhookEvent,
} from '@hearth/core';
import type { ColumnType, Generated, RawBuilder } from 'kysely';
import type {
  AccountRow,
  AuditChange,
  AuditEntry,
  DeploymentRow,
  FileRow,
  HostCheck,
  HostConnection,
  HostDeclared,
  ImportResult,
  ImportRow,
  InstanceAsk,
  MemberRow,
  MessageRow,
  ModelRow,
  PredictionRow,
  Scope,
  SealedInput,
  VersionSource,
} from './store.ts';

/** Read as epoch milliseconds, written as a Date: the type keeps a bare number out of a `timestamptz`. */
type Instant = ColumnType<Millis, Date, Date>;
type InstantOrNull = ColumnType<Millis | null, Date | null | undefined, Date | null>;
/** A `json` or `jsonb` column: read parsed, written as text, because pg would send an array as a Postgres array. */
type Json<T> = ColumnType<T, string, string>;
type JsonDefaulted<T> = ColumnType<T, string | undefined, string>;
type JsonOrNull<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** The tables as the newest migration leaves them. */
export interface Schema {
  accounts: {
    id: string;
    type: AccountRow['type'];
    username: string;
    name: string;
    created_at: Instant;
    webhook_secret: string | null;
    previous_webhook_secret: string | null;
    previous_webhook_secret_until: InstantOrNull;
    weight: Generated<number>;
    max_in_flight: number | null;
  };
  tokens: {
    id: string;
    account_id: string;
    member_id: string;
    name: string;
    scope: Scope;
    operator: boolean;
    hash: string;
    hint: string;
    created_at: Instant;
    expires_at: InstantOrNull;
    last_used_at: InstantOrNull;
  };
  members: {
    id: string;
    account_id: string;
    name: string;
    role: MemberRow['role'];
    created_at: Instant;
  };
  audit_entries: {
    id: string;
    at: Instant;
    operation: string;
    account: string;
    member: string;
    token_id: string;
    token_name: string;
    operator: boolean;
    source: AuditEntry['source'];
    ip: string;
    subject: string | null;
  };
  audit_outcomes: {
    entry_id: string;
    at: Instant;
    status: number;
    code: string | null;
    subject: string | null;
    owner: string | null;
    changes: Json<readonly AuditChange[]>;
  };
  sealed_inputs: {
    prediction_id: string;
    sealed: Json<SealedInput>;
    created_at: Instant;
  };
  sessions: {
    hash: string;
    token_id: string;
    created_at: Instant;
    expires_at: Instant;
  };
  models: {
    id: string;
    owner: string;
    name: string;
    description: string | null;
    visibility: ModelRow['visibility'];
    hardware_sku: string;
    github_url: string | null;
    paper_url: string | null;
    license_url: string | null;
    cover_image_url: string | null;
    created_at: Instant;
    readme: string | null;
    weights_url: string | null;
    runs: Generated<number>;
    runs_until: Generated<string>;
    removed_at: InstantOrNull;
    /** A tsvector. */
    search: ColumnType<string, never, never>;
  };
  host_images: {
    host_id: string;
    image: string;
    size_bytes: number;
    fetched_at: Instant;
  };
  versions: {
    id: string;
    seq: ColumnType<number, never, RawBuilder<number>>;
    model_id: string;
    source: Json<VersionSource>;
    runtime: RuntimeKind;
    openapi_schema: Json<Record<string, unknown>>;
    cog_version: string;
    slots: number;
    base_version_id: string | null;
    weights_file_id: string | null;
    created_at: Instant;
    removed_at: InstantOrNull;
  };
  imports: {
    id: string;
    model_id: string;
    source: Json<VersionSource>;
    state: ImportRow['state'];
    result: JsonOrNull<ImportResult>;
    error: string | null;
    created_at: Instant;
  };
  skus: {
    sku: string;
    name: string;
    gpus: number;
    vram_mib: number;
    cpus: number;
    memory_mib: number;
    gpu_share_mib: number;
    gpu_type: string | null;
    labels: Json<Record<string, string>>;
    fallback: string[];
  };
  /** A view: the SKUs, each with its price. */
  hardware: Schema['skus'] & {
    price_micros_per_second: ColumnType<Hardware['priceMicrosPerSecond'], never, never>;
  };
  deployments: {
    id: string;
    owner: string;
    name: string;
    implicit: boolean;
    mode: Generated<DeploymentRow['mode']>;
    model_id: string;
    model: DeploymentRow['model'];
    version_id: string;
    hardware_sku: string;
    min_instances: number;
    max_instances: number;
    keep_alive: Json<KeepAlive>;
    release: number;
    released_at: Instant;
    released_by: string;
    created_at: Instant;
    removed_at: InstantOrNull;
    queue_removed_at: InstantOrNull;
    warm_until: InstantOrNull;
  };
  releases: {
    deployment_id: string;
    number: number;
    version_id: string;
    hardware_sku: string;
    min_instances: number;
    max_instances: number;
    keep_alive: Json<KeepAlive>;
    restores: number | null;
    created_at: Instant;
    created_by: string;
  };
  deployment_status: {
    deployment_id: string;
    blocked_reason: string | null;
    blocked_detail: string | null;
    failure: JsonOrNull<Failure>;
    consecutive_failures: number;
    retry_at: InstantOrNull;
    fail_waiting_until: InstantOrNull;
  };
  hosts: {
    id: string;
    name: string;
    runtimes: Generated<RuntimeKind[]>;
    cordoned: Generated<boolean>;
    memory_mib: Generated<number>;
    devices: JsonDefaulted<Device[]>;
    runtime_notes: JsonDefaulted<Record<string, string>>;
    last_seen_at: InstantOrNull;
    labels: JsonDefaulted<Record<string, string>>;
    connection: JsonOrNull<HostConnection>;
    declared: JsonDefaulted<HostDeclared>;
    draining: Generated<boolean>;
    check_asked_at: InstantOrNull;
    created_at: ColumnType<Millis, Date | undefined, Date>;
    removed_at: InstantOrNull;
    engine_version: string | null;
    lost_at: InstantOrNull;
    lost_why: string | null;
    callback_host: string | null;
    checks: JsonDefaulted<HostCheck[]>;
    checked_at: InstantOrNull;
  };
  instances: {
    id: string;
    deployment_id: string;
    version_id: string;
    hardware_sku: string;
    host_id: string;
    device_ids: string[];
    runtime: RuntimeKind;
    memory_mib: number;
    slots: number;
    state: InstanceState;
    since: Instant;
    reason: string;
    address: string | null;
    callback_token_hash: string;
    callback_host: string | null;
    phases: Json<Partial<Record<BootPhase, Millis>>>;
    failure: JsonOrNull<Failure>;
    pull: JsonOrNull<PullProgress>;
    created_at: Instant;
    gpu_share_mib: Generated<number>;
    cpus: Generated<number>;
    moves: JsonDefaulted<Partial<Record<InstanceState, Millis>>>;
  };
  instance_asks: {
    instance_id: string;
    ask: InstanceAsk;
    asked_by: string;
    asked_at: Instant;
  };
  instance_busy: {
    instance_id: string;
    /** A date. Read and written as text, `2026-01-31`. */
    day: string;
    busy_ms: number;
    spans: Json<readonly Span[]>;
  };
  measured_vram: {
    version_id: string;
    mode: DeploymentRow['mode'];
    used_mib: number;
    of_mib: number;
  };
  consumers: {
    instance_id: string;
    attached_at: InstantOrNull;
    last_used_at: InstantOrNull;
    intake_closed: Generated<boolean>;
    unhealthy: string | null;
  };
  predictions: {
    id: string;
    account_id: string;
    model: string;
    version_id: string;
    deployment_id: string;
    deployment: string | null;
    hardware_sku: string;
    status: Generated<PredictionStatus>;
    attempt: Generated<number>;
    lost_attempts: Generated<number>;
    instance_id: string | null;
    input: Json<Record<string, unknown>>;
    output: JsonOrNull<unknown>;
    error: string | null;
    logs: Generated<string>;
    metrics: JsonOrNull<Record<string, unknown>>;
    source: PredictionRow['source'];
    webhook: string | null;
    webhook_events_filter: string[] | null;
    created_at: Instant;
    started_at: InstantOrNull;
    completed_at: InstantOrNull;
    deadline_at: InstantOrNull;
    cancel_requested_at: InstantOrNull;
    kind: Generated<PredictionRow['kind']>;
    destination: string | null;
    data_removed_at: InstantOrNull;
    idempotency_key: string | null;
    request_hash: string | null;
    streams_files: Generated<boolean>;
    /** Only ever read in SQL: it exceeds what a JavaScript number holds. */
    turn: Generated<string>;
    priority: Generated<number>;
    held: Generated<boolean>;
    token_id: string | null;
    hold_micros: Generated<number>;
  };
  budgets: {
    id: string;
    account_id: string;
    token_id: string | null;
    day_limit_micros: number | null;
    month_limit_micros: number | null;
    max_in_flight: number | null;
    creates_per_minute: number | null;
    counts: ColumnType<boolean, never, never>;
    held_micros: Generated<number>;
    in_flight: Generated<number>;
    /** Dates. Read and written as text, `2026-01-31`. */
    day: string;
    day_spent_micros: Generated<number>;
    month: string;
    month_spent_micros: Generated<number>;
  };
  usage_records: {
    id: string;
    prediction_id: string;
    attempt: number;
    account_id: string;
    model: string;
    version_id: string;
    deployment_id: string;
    hardware_sku: string;
    predict_microseconds: number;
    price_micros_per_second: number;
    cost_micros: number;
    /** Null of a correction. */
    status: TerminalStatus | null;
    at: Instant;
    kind: Generated<LedgerRecord['kind']>;
    corrects: string | null;
    reason: string | null;
    made_by: string | null;
  };
  hardware_prices: {
    id: ColumnType<number, never, never>;
    sku: string;
    price_micros_per_second: number;
    effective_from: Instant;
    set_at: Instant;
    set_by: string | null;
  };
  files: {
    id: string;
    account_id: string | null;
    kind: FileRow['kind'];
    prediction_id: string | null;
    name: string;
    content_type: string;
    size_bytes: number;
    md5: string;
    sha256: string;
    metadata: Json<Record<string, unknown>>;
    created_at: Instant;
    expires_at: InstantOrNull;
  };
  messages: {
    id: string;
    prediction_id: string;
    account_id: string;
    event: WebhookEvent;
    url: string;
    receiver: ColumnType<string, never, never>;
    state: MessageRow['state'];
    tries: Generated<number>;
    first_tried_at: InstantOrNull;
    next_try_at: InstantOrNull;
    claimed_until: InstantOrNull;
    created_at: Instant;
  };
  message_tries: {
    message_id: string;
    n: number;
    at: Instant;
    status_code: number | null;
    error: string | null;
    duration_ms: number | null;
    answer: string | null;
  };
  model_examples: {
    model_id: string;
    prediction_id: string;
    seq: ColumnType<number, never, never>;
    is_default: boolean;
    created_at: Instant;
  };
  collections: {
    id: string;
    slug: string;
    name: string;
    description: string;
    full_description: string | null;
    created_at: Instant;
  };
  collection_models: { collection_id: string; model_id: string; place: number };
  use_histories: { deployment_id: string; history: Json<UseHistory>; expects: boolean };
  pooled_gaps: { singleton: Generated<boolean>; counts: Json<PooledGaps> };
  settings: { key: string; value: string };
}
