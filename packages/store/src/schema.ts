import type {
  BootPhase,
  Device,
  Failure,
  Hardware,
  InstanceState,
  Millis,
  PredictionStatus,
  RuntimeKind,
  TerminalStatus,
} from '@hearth/core';
import type { ColumnType, Generated } from 'kysely';
import type {
  AccountRow,
  DeploymentRow,
  FileRow,
  ImportResult,
  ImportRow,
  ModelRow,
  PredictionRow,
  Role,
  VersionSource,
} from './store.ts';

/** Read as epoch milliseconds, written as a Date: the type keeps a bare number out of a `timestamptz`. */
type Instant = ColumnType<Millis, Date, Date>;
type InstantOrNull = ColumnType<Millis | null, Date | null | undefined, Date | null>;
/** A `json` or `jsonb` column: read parsed, written as text, because pg would send an array as a Postgres array. */
type Json<T> = ColumnType<T, string, string>;
type JsonOrNull<T> = ColumnType<T | null, string | null | undefined, string | null>;

/** The tables as the newest migration leaves them. */
export interface Schema {
  accounts: { id: string; type: AccountRow['type']; username: string; name: string; created_at: Instant };
  tokens: {
    id: string;
    account_id: string;
    name: string;
    role: Role;
    hash: string;
    hint: string;
    created_at: Instant;
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
  };
  versions: {
    id: string;
    seq: ColumnType<number, never, never>;
    model_id: string;
    source: Json<VersionSource>;
    runtime: RuntimeKind;
    openapi_schema: Json<Record<string, unknown>>;
    cog_version: string;
    slots: number;
    created_at: Instant;
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
  hardware: {
    sku: string;
    name: string;
    gpus: number;
    vram_mib: number;
    cpus: number;
    memory_mib: number;
    price_micros_per_second: Hardware['priceMicrosPerSecond'];
  };
  deployments: {
    id: string;
    owner: string;
    name: string;
    implicit: boolean;
    model_id: string;
    model: DeploymentRow['model'];
    version_id: string;
    hardware_sku: string;
    min_instances: number;
    max_instances: number;
    keep_alive_ms: number;
    release: number;
    released_at: Instant;
    released_by: string;
    created_at: Instant;
    removed_at: InstantOrNull;
  };
  releases: {
    deployment_id: string;
    number: number;
    version_id: string;
    hardware_sku: string;
    min_instances: number;
    max_instances: number;
    keep_alive_ms: number;
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
    runtimes: RuntimeKind[];
    cordoned: boolean;
    memory_mib: number;
    devices: Json<Device[]>;
    runtime_notes: Json<Record<string, string>>;
    last_seen_at: Instant;
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
    phases: Json<Partial<Record<BootPhase, Millis>>>;
    failure: JsonOrNull<Failure>;
    created_at: Instant;
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
    status: TerminalStatus;
    at: Instant;
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
  settings: { key: string; value: string };
}
