import type { BootPhase, Failure, Hardware, InstanceState, Millis, PooledGaps, UsageRecord } from '@hearth/core';
import type {
  AccountRow,
  AccountShare,
  BudgetLimits,
  DeploymentRow,
  DeploymentStatusRow,
  FileRow,
  HostRow,
  InstanceAsk,
  InstanceRow,
  MessageRow,
  MessageTry,
  ModelRow,
  PredictionRow,
  UseRow,
  VersionRow,
} from '@hearth/store';

/** What a write did to a row: undefined before is an insert, undefined after a removal. */
export type Watch<Row> = (before: Row | undefined, after: Row | undefined) => void;

/** Rows by key. A row is never changed, only replaced, so what was read stays as it was read. */
export class Table<Row> {
  readonly #rows = new Map<string, Row>();
  readonly #keyOf: (row: Row) => string;
  /** Called after each write. */
  watch: Watch<Row> = () => {};

  constructor(keyOf: (row: Row) => string) {
    this.#keyOf = keyOf;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  get size(): number {
    return this.#rows.size;
  }

  /** By key. */
  all(): Row[] {
    return [...this.#rows].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  }

  put(row: Row): Row {
    const key = this.#keyOf(row);
    const before = this.#rows.get(key);
    this.#rows.set(key, row);
    this.watch(before, row);
    return row;
  }

  /** Null where there is no such row, or `holds` says no: the compare of a compare-and-set. */
  change(key: string, holds: (row: Row) => boolean, change: (row: Row) => Partial<Row>): Row | null {
    const before = this.#rows.get(key);
    if (before === undefined || !holds(before)) return null;
    return this.put({ ...before, ...change(before) });
  }

  remove(key: string): boolean {
    const before = this.#rows.get(key);
    if (!this.#rows.delete(key)) return false;
    this.watch(before, undefined);
    return true;
  }
}

export type StoredPrediction = PredictionRow & { readonly turn: number; readonly tokenId: string | null };
export interface StoredConsumer {
  readonly instanceId: string;
  readonly lastUsedAt: Millis | null;
  readonly intakeClosed: boolean;
  readonly unhealthy: string | null;
  readonly taken: readonly string[];
}
export type StoredBudget = BudgetLimits & { readonly accountId: string };
export type StoredInstance = InstanceRow & { readonly moves: Readonly<Partial<Record<InstanceState, Millis>>> };
export type StoredMessage = MessageRow & { readonly claimedUntil: Millis | null };
export type StoredDeployment = DeploymentRow & { readonly removedAt: Millis | null; readonly warmUntil: Millis | null };

export interface Tables {
  readonly accounts: Table<AccountRow & AccountShare>;
  readonly budgets: Table<StoredBudget>;
  readonly predictions: Table<StoredPrediction>;
  readonly usage: Table<UsageRecord>;
  readonly seals: Table<{ readonly id: string; readonly sequence: number }>;
  readonly messages: Table<StoredMessage>;
  readonly tries: Table<MessageTry>;
  readonly instances: Table<StoredInstance>;
  readonly asks: Table<{ readonly instanceId: string; readonly ask: InstanceAsk; readonly askedBy: string }>;
  readonly consumers: Table<StoredConsumer>;
  readonly models: Table<ModelRow>;
  readonly versions: Table<VersionRow>;
  readonly deployments: Table<StoredDeployment>;
  readonly statuses: Table<DeploymentStatusRow>;
  readonly hosts: Table<HostRow>;
  readonly hardware: Table<Hardware>;
  readonly files: Table<FileRow>;
  readonly uses: Table<UseRow>;
  readonly secrets: Table<{ readonly accountId: string; readonly secret: string }>;
  readonly settings: Table<{ readonly key: string; readonly value: string }>;
  pooled: PooledGaps | null;
}

export const createTables = (): Tables => ({
  accounts: new Table(({ id }) => id),
  budgets: new Table(({ accountId }) => accountId),
  predictions: new Table(({ id }) => id),
  usage: new Table(({ id }) => id),
  seals: new Table(({ id }) => id),
  messages: new Table(({ id }) => id),
  tries: new Table(({ messageId, n }) => `${messageId} ${String(n).padStart(6, '0')}`),
  instances: new Table(({ id }) => id),
  asks: new Table(({ instanceId }) => instanceId),
  consumers: new Table(({ instanceId }) => instanceId),
  models: new Table(({ id }) => id),
  versions: new Table(({ id }) => id),
  deployments: new Table(({ id }) => id),
  statuses: new Table(({ deploymentId }) => deploymentId),
  hosts: new Table(({ id }) => id),
  hardware: new Table(({ sku }) => sku),
  files: new Table(({ id }) => id),
  uses: new Table(({ deploymentId }) => deploymentId),
  secrets: new Table(({ accountId }) => accountId),
  settings: new Table(({ key }) => key),
  pooled: null,
});

/** What breaks where Postgres breaks: a key that stands already. */
export class DuplicateKey extends Error {
  override readonly name = 'DuplicateKey';
  readonly code = '23505';
  constructor(constraint: string) {
    super(`duplicate key value violates unique constraint "${constraint}"`);
  }
}

/** What breaks where Postgres breaks: a row that names one that there is not. */
export class NoSuchRow extends Error {
  override readonly name = 'NoSuchRow';
  readonly code = '23503';
  constructor(constraint: string) {
    super(`insert or update violates foreign key constraint "${constraint}"`);
  }
}

export const isUnfinished = ({ status }: Pick<PredictionRow, 'status'>): boolean =>
  status === 'starting' || status === 'processing';
export const isLive = ({ state }: Pick<InstanceRow, 'state'>): boolean => state !== 'stopped' && state !== 'failed';

/** As `json` in Postgres keeps a document: as it is now, whatever its giver does with it afterwards. */
export const kept = <Document>(document: Document): Document =>
  document == null ? document : (JSON.parse(JSON.stringify(document)) as Document);

/** As `text` in Postgres keeps what a model wrote. */
export const foreignText = (text: string): string => text.replaceAll('\0', '\ufffd');

/** A failure as it comes from a model: from within a document Postgres reads half a surrogate pair no more than U+0000. */
export const foreignFailure = (failure: Failure): Failure => ({
  ...failure,
  message: foreignText(failure.message.toWellFormed()),
  logTail: foreignText(failure.logTail.toWellFormed()),
});

export const stamp = (phases: InstanceRow['phases'], phase: BootPhase, at: Millis): InstanceRow['phases'] => ({
  ...phases,
  [phase]: at,
});
