import type {
  BootPhase,
  Demand,
  Failure,
  Hardware,
  Host,
  Instance,
  InstanceEvent,
  Millis,
  PredictionStatus,
  RuntimeKind,
  TerminalStatus,
  UsageRecord,
} from '@hearth/core';

/**
 * Everything durable, by owner. One writer per fact: each method names the room that may call it.
 * Every state write is a compare-and-set; `null` or `false` means "it moved on: look again", never an error.
 * Times are epoch milliseconds everywhere outside SQL.
 */
export interface Store {
  readonly accounts: Accounts;
  readonly models: Models;
  readonly imports: Imports;
  readonly deployments: Deployments;
  readonly hosts: Hosts;
  readonly instances: Instances;
  readonly consumers: Consumers;
  readonly predictions: Predictions;
  readonly usage: Usage;
  readonly files: Files;
  readonly settings: Settings;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /**
   * Holds a session-level advisory lock on a connection of its own: at most one process leads a room.
   * Resolves when the lock is won (a standby waits here); `lost` fires if the connection dies.
   */
  lead(room: 'scheduler' | 'dispatcher', signal: AbortSignal): Promise<{ lost: AbortSignal; resign(): Promise<void> }>;
  close(): Promise<void>;
}

/** Keyset pagination, newest first: pass the last id of a page as `before` to get the next. Ids sort by time. */
export interface Page {
  readonly limit: number;
  readonly before?: string | undefined;
}

// ── accounts: api ───────────────────────────────────────────────────────────

export interface AccountRow {
  readonly id: string;
  readonly type: 'user' | 'organization';
  readonly username: string;
  readonly name: string;
  readonly createdAt: Millis;
}
export type Role = 'admin' | 'member';
export interface TokenRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly role: Role;
  /** The last four characters, to tell tokens apart in a list. */
  readonly hint: string;
  readonly createdAt: Millis;
}
export interface Accounts {
  byUsername(username: string): Promise<AccountRow | null>;
  /** Makes the account unless its username is taken; answers the one that stands. */
  ensure(account: Pick<AccountRow, 'type' | 'username' | 'name'>): Promise<AccountRow>;
  /** `hash`: SHA-256 of the token, hex. The token itself is never stored. */
  addToken(token: { accountId: string; name: string; role: Role; hash: string; hint: string }): Promise<TokenRow>;
  tokens(accountId: string): Promise<TokenRow[]>;
  removeToken(id: string): Promise<boolean>;
  byTokenHash(hash: string): Promise<{ account: AccountRow; token: TokenRow } | null>;
  hasAdminToken(): Promise<boolean>;
}

// ── models and versions: api ────────────────────────────────────────────────

export interface ModelRow {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly description: string | null;
  readonly visibility: 'public' | 'private';
  readonly hardwareSku: string;
  readonly githubUrl: string | null;
  readonly paperUrl: string | null;
  readonly licenseUrl: string | null;
  readonly coverImageUrl: string | null;
  readonly createdAt: Millis;
}

/** Where a version's server comes from. `path` versions run as processes of the host, `image` versions in Docker. */
export type VersionSource =
  | { readonly kind: 'image'; readonly image: string }
  | {
      readonly kind: 'path';
      readonly path: string;
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
    };

export interface VersionRow {
  /** 64 hex digits: the image's digest, or the digest of folder, command and environment. */
  readonly id: string;
  readonly modelId: string;
  readonly owner: string;
  readonly name: string;
  readonly source: VersionSource;
  readonly runtime: RuntimeKind;
  /** The container's whole OpenAPI document. */
  readonly openapiSchema: Record<string, unknown>;
  readonly cogVersion: string;
  /** Predictions that one instance takes at once. */
  readonly slots: number;
  readonly createdAt: Millis;
}
export interface Models {
  insert(model: Omit<ModelRow, 'id' | 'createdAt'>): Promise<ModelRow | 'taken'>;
  byName(owner: string, name: string): Promise<ModelRow | null>;
  list(
    page: Page & { accountUsername?: string | undefined },
  ): Promise<(ModelRow & { runCount: number; latestVersion: VersionRow | null })[]>;
  /** One query: the model, how often it ran, and its newest version. */
  describe(
    owner: string,
    name: string,
  ): Promise<(ModelRow & { runCount: number; latestVersion: VersionRow | null }) | null>;
  /**
   * Idempotent: the same id of the same model answers the row that stands.
   * @throws VersionElsewhere when another model has it
   */
  insertVersion(version: Omit<VersionRow, 'createdAt' | 'owner' | 'name'>): Promise<VersionRow>;
  version(id: string): Promise<VersionRow | null>;
  latestVersion(owner: string, name: string): Promise<VersionRow | null>;
  versions(modelId: string, page: Page): Promise<VersionRow[]>;
}

/**
 * A version on its way in. The api asks; the scheduler, which alone sees Docker and the host's folders, looks and answers;
 * the api then inserts the version. `boot`: it had to be started once to be asked for its schema.
 */
export interface ImportRow {
  readonly id: string;
  readonly modelId: string;
  readonly source: VersionSource;
  readonly state: 'requested' | 'done' | 'failed';
  readonly result: ImportResult | null;
  readonly error: string | null;
  readonly createdAt: Millis;
}
export interface ImportResult {
  readonly versionId: string;
  /** With the image pinned by digest where it has one. */
  readonly source: VersionSource;
  readonly openapiSchema: Record<string, unknown>;
  readonly cogVersion: string;
  readonly slots: number;
}
export interface Imports {
  request(row: { modelId: string; source: VersionSource }): Promise<ImportRow>;
  get(id: string): Promise<ImportRow | null>;
  /** scheduler */
  pending(): Promise<ImportRow[]>;
  /** scheduler; false when it was answered already. */
  answer(id: string, answer: { result: ImportResult } | { error: string }): Promise<boolean>;
}

// ── deployments: api; their status: scheduler ───────────────────────────────

export interface DeploymentRow {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  /** Made by the platform for a bare version; not in the list of deployments, and named after its model. */
  readonly implicit: boolean;
  readonly modelId: string;
  /** `owner/name` of the model. */
  readonly model: string;
  readonly versionId: string;
  readonly hardwareSku: string;
  readonly minInstances: number;
  readonly maxInstances: number;
  readonly keepAliveMs: number;
  /** Counts changes of version, hardware or scale, from 1. */
  readonly release: number;
  readonly releasedAt: Millis;
  readonly createdAt: Millis;
}
export type DeploymentScale = Pick<
  DeploymentRow,
  'versionId' | 'hardwareSku' | 'minInstances' | 'maxInstances' | 'keepAliveMs'
>;

/** Written by the scheduler after each cycle that changed it. */
export interface DeploymentStatusRow {
  readonly deploymentId: string;
  /** Why demand is not being met, as a word (`no-capacity`, `crash-loop`, …) and a sentence; null when it is. */
  readonly blockedReason: string | null;
  readonly blockedDetail: string | null;
  /** The last boot failure since the last good boot. */
  readonly failure: Failure | null;
  readonly consecutiveFailures: number;
  readonly retryAt: Millis | null;
  /** Waiting predictions created before this instant fail with `failure`: the dispatcher does it. */
  readonly failWaitingUntil: Millis | null;
}
export interface Deployments {
  insert(row: DeploymentScale & { owner: string; name: string; modelId: string }): Promise<DeploymentRow | 'taken'>;
  /** The version's implicit deployment, made on first sight; safe to call at once from many places. */
  ensureImplicit(version: VersionRow, scale: Omit<DeploymentScale, 'versionId'>): Promise<DeploymentRow>;
  byName(owner: string, name: string): Promise<DeploymentRow | null>;
  get(id: string): Promise<DeploymentRow | null>;
  /** Explicit ones only. */
  list(page: Page & { owner?: string | undefined }): Promise<DeploymentRow[]>;
  /** Raises `release`. */
  update(id: string, change: Partial<DeploymentScale>): Promise<DeploymentRow | null>;
  /**
   * Refused (`false`) while it has unfinished predictions; its instances are drained by the scheduler, which sees them
   * without it. One that came in at the same moment is among `failing`.
   */
  remove(id: string): Promise<boolean>;
  /** scheduler: upserts those given. */
  setStatus(rows: readonly DeploymentStatusRow[]): Promise<void>;
  status(id: string): Promise<DeploymentStatusRow | null>;
  /** Per deployment (explicit, and each model's newest implicit one or any with instances or demand): for /v1/status and `hearth ps`. */
  overview(): Promise<DeploymentOverview[]>;
  /** dispatcher: deployments whose waiting predictions must fail (`failWaitingUntil` set and predictions waiting before it). */
  failing(): Promise<DeploymentStatusRow[]>;
}
export interface DeploymentOverview {
  readonly deployment: DeploymentRow;
  readonly slots: number;
  readonly status: DeploymentStatusRow | null;
  readonly demand: Demand;
  /** Live ones. */
  readonly instances: readonly (InstanceRow & { inFlight: number; unhealthy: string | null })[];
}

// ── hosts: scheduler; hardware: api ─────────────────────────────────────────

export interface HostRow extends Host {
  readonly name: string;
  /** What answered and why it is used, one sentence per runtime. */
  readonly runtimeNotes: Readonly<Record<string, string>>;
  readonly lastSeenAt: Millis;
}
export interface Hosts {
  upsert(host: HostRow): Promise<void>;
  list(): Promise<HostRow[]>;
  hardware(): Promise<Hardware[]>;
  putHardware(hardware: Hardware): Promise<void>;
}

// ── instances: scheduler ────────────────────────────────────────────────────

export interface InstanceRow {
  readonly id: string;
  readonly deploymentId: string;
  readonly versionId: string;
  readonly hardwareSku: string;
  readonly hostId: string;
  readonly deviceIds: readonly string[];
  readonly runtime: RuntimeKind;
  readonly memoryMiB: number;
  readonly slots: number;
  readonly state: Instance['state'];
  readonly since: Millis;
  /** Why it was booted, or why it is leaving, in words. */
  readonly reason: string;
  /** Where its server listens, `http://host:port`; null until started. */
  readonly address: string | null;
  /** SHA-256 (hex) of the bearer token it reports with. */
  readonly callbackTokenHash: string;
  /** When each boot phase began. */
  readonly phases: Readonly<Partial<Record<BootPhase, Millis>>>;
  readonly failure: Failure | null;
  readonly createdAt: Millis;
}
export interface Instances {
  insert(
    row: Omit<InstanceRow, 'state' | 'since' | 'address' | 'failure' | 'createdAt' | 'phases'> & { at: Millis },
  ): Promise<InstanceRow>;
  /** Compare-and-set along the move table: null when it is not in `from` any more. */
  move(
    id: string,
    from: InstanceRow['state'],
    event: InstanceEvent,
    change: { at: Millis; reason?: string; address?: string; failure?: Failure },
  ): Promise<InstanceRow | null>;
  /** Stamps a phase of a booting instance (and its address once known). */
  stampPhase(id: string, phase: BootPhase, at: Millis, address?: string): Promise<boolean>;
  get(id: string): Promise<InstanceRow | null>;
  /** Neither stopped nor failed. */
  live(): Promise<InstanceRow[]>;
  list(
    page: Page & { deploymentId?: string | undefined; live?: boolean | undefined },
  ): Promise<(InstanceRow & { inFlight: number; lastUsedAt: Millis | null })[]>;
  /** scheduler: everything one cycle looks at, read in one consistent snapshot. Deployments: those with demand, a minimum, live instances or a status to clear. */
  observe(): Promise<Observation>;
}
export interface Observation {
  readonly deployments: readonly (DeploymentRow & {
    demand: Demand;
    slots: number;
    runtime: RuntimeKind;
    status: DeploymentStatusRow | null;
  })[];
  readonly instances: readonly (Instance & { slots: number; address: string | null })[];
  readonly hosts: readonly HostRow[];
  readonly hardware: readonly Hardware[];
}

// ── consumers: dispatcher ───────────────────────────────────────────────────

/** The dispatcher's side of an instance. In-flight counts are derived from the predictions, not stored. */
export interface Consumers {
  attached(instanceId: string, at: Millis): Promise<void>;
  /** Coalesced by the caller: one statement for many instances. */
  used(rows: readonly { instanceId: string; lastUsedAt: Millis }[]): Promise<void>;
  /** The consumer is closed and holds nothing; it will never take work again. */
  intakeClosed(instanceId: string): Promise<void>;
  unhealthy(instanceId: string, why: string): Promise<void>;
}

// ── predictions: born in the api, then the dispatcher's ─────────────────────

export interface PredictionRow {
  /** 26 characters [a-z0-9], sorting by time. */
  readonly id: string;
  readonly accountId: string;
  /** `owner/name` */
  readonly model: string;
  readonly versionId: string;
  readonly deploymentId: string;
  /** `owner/name` when it came through a deployment that a user made, else null. */
  readonly deployment: string | null;
  readonly hardwareSku: string;
  readonly status: PredictionStatus;
  /** Tries begun so far; fences every write that a try makes. */
  readonly attempt: number;
  /** Tries whose instance vanished. */
  readonly lostAttempts: number;
  readonly instanceId: string | null;
  readonly input: Record<string, unknown>;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
  /** What the container reported, plus predict_time and total_time (seconds) at the end. */
  readonly metrics: Record<string, unknown> | null;
  readonly source: 'api' | 'web';
  readonly webhook: string | null;
  readonly webhookEventsFilter: readonly string[] | null;
  readonly createdAt: Millis;
  readonly startedAt: Millis | null;
  readonly completedAt: Millis | null;
  readonly deadlineAt: Millis | null;
  readonly cancelRequestedAt: Millis | null;
}
export type NewPrediction = Pick<
  PredictionRow,
  | 'id'
  | 'accountId'
  | 'model'
  | 'versionId'
  | 'deploymentId'
  | 'deployment'
  | 'hardwareSku'
  | 'input'
  | 'source'
  | 'webhook'
  | 'webhookEventsFilter'
  | 'createdAt'
  | 'deadlineAt'
>;
/** A prediction on an attempt, as a queue ticket names it. */
export interface Ticket {
  readonly predictionId: string;
  /** Attempts begun when the ticket was written: claiming it raises the row from this number. */
  readonly attempt: number;
}
export interface Predictions {
  /**
   * api. `durable: false`: does not wait for the disk. For a caller who is told nothing before the prediction has ended
   * (whose durable end takes its insert along) or before a second has passed (by then it is on disk anyway).
   * @throws DeploymentGone when the deployment was removed meanwhile
   */
  insert(row: NewPrediction, how?: { durable: boolean }): Promise<PredictionRow>;
  get(id: string): Promise<PredictionRow | null>;
  list(
    page: Page & { accountId: string; createdAfter?: Millis | undefined; createdBefore?: Millis | undefined },
  ): Promise<PredictionRow[]>;
  /** api: no-op on a finished one; answers the row. */
  requestCancel(id: string, at: Millis): Promise<PredictionRow | null>;
  /**
   * dispatcher: starting → processing on this instance, attempt raised by one, version and hardware set to the instance's,
   * started at `at` until the container says otherwise.
   * Null when the ticket is stale, the prediction is over, canceled, past its deadline, or taken.
   */
  claim(
    ticket: Ticket,
    instance: { id: string; versionId: string; hardwareSku: string },
    at: Millis,
  ): Promise<PredictionRow | null>;
  /** dispatcher: partial output and logs of a running attempt; false when the attempt is not current or it is over. */
  progress(
    id: string,
    attempt: number,
    change: { output?: unknown; logs?: string; startedAt?: Millis },
  ): Promise<boolean>;
  /** dispatcher: processing → starting; `lost` counts against the limit. Null when the attempt is not current. */
  giveBack(id: string, attempt: number, lost: boolean): Promise<PredictionRow | null>;
  /**
   * dispatcher: the terminal state and its usage record, one transaction (one statement). `attempt` null: it never ran and
   * is still `starting`. Null when another write was first.
   */
  finish(
    id: string,
    attempt: number | null,
    end: {
      status: TerminalStatus;
      output?: unknown;
      error?: string | null;
      logs?: string;
      metrics?: Record<string, unknown>;
      /** When the container took it; left out, the time of the claim stands. */
      startedAt?: Millis;
      completedAt: Millis;
    },
    usage: UsageRecord | null,
  ): Promise<PredictionRow | null>;
  /** dispatcher, at start: those that a previous dispatcher left running. */
  processing(): Promise<PredictionRow[]>;
  /** dispatcher: unfinished ones with a cancel request or a deadline at or before `now`. */
  due(now: Millis): Promise<PredictionRow[]>;
  /** dispatcher: the earliest deadline among unfinished ones, or null. */
  nextDeadline(): Promise<Millis | null>;
  /** dispatcher: waiting ones of a deployment created before an instant, oldest first. */
  waitingBefore(deploymentId: string, before: Millis, limit: number): Promise<PredictionRow[]>;
  /** dispatcher's sweep: tickets of every waiting prediction, with their deployment, in pages by id. */
  waitingTickets(after: string | null, limit: number): Promise<(Ticket & { deploymentId: string })[]>;
}

// ── usage: append-only, with predictions.finish ─────────────────────────────

export interface Usage {
  list(page: Page & { accountId?: string | undefined }): Promise<UsageRecord[]>;
  /** Sums by model, by deployment, by account or by day, over [from, to). */
  totals(query: {
    by: 'model' | 'deployment' | 'account' | 'day';
    accountId?: string | undefined;
    from?: Millis | undefined;
    to?: Millis | undefined;
  }): Promise<{ key: string; predictions: number; predictMicroseconds: number; costMicros: number }[]>;
}

// ── files: api (uploads), dispatcher (outputs) ──────────────────────────────

export interface FileRow {
  readonly id: string;
  readonly accountId: string | null;
  readonly kind: 'upload' | 'output';
  readonly predictionId: string | null;
  readonly name: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly md5: string;
  readonly sha256: string;
  readonly metadata: Record<string, unknown>;
  readonly createdAt: Millis;
  readonly expiresAt: Millis | null;
}
export interface Files {
  insert(row: FileRow): Promise<FileRow>;
  get(id: string): Promise<FileRow | null>;
  list(page: Page & { accountId: string }): Promise<FileRow[]>;
  remove(id: string): Promise<boolean>;
}

export interface Settings {
  /** The value under `key`; made by `make` and kept on first sight, safely from many processes at once. */
  ensure(key: string, make: () => string): Promise<string>;
}
