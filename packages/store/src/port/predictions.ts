import type { BudgetBound, LedgerRecord, Millis, PredictionStatus, TerminalStatus, UsageRecord } from '@hearth/core';
import type { Page } from './page.ts';

// Predictions are born in the api and then the dispatcher's. Usage is append-only, written with a prediction's end. Files: uploads are the api's, outputs the dispatcher's.

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
  /** A training is a prediction that runs on its version's train mode and makes a version of `destination`. */
  readonly kind: 'prediction' | 'training';
  /** `owner/name` of the model that a training makes a version of; null for predictions. */
  readonly destination: string | null;
  /** When input, output, logs and files were removed; null: they are there. */
  readonly dataRemovedAt: Millis | null;
  /** What its version gives back is a file, or files: its stream has an address that clients know such streams by. */
  readonly streamsFiles: boolean;
  /** What its ticket is queued with: 0 is next of all, lower before higher, equal ones in the order they came. */
  readonly priority: number;
  /** Has no ticket: its account may only have so many at a time, and waits for others of its own to end. */
  readonly held: boolean;
  /** What is set aside for it in its budgets, in millionths: it never costs more. */
  readonly holdMicros: number;
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
  | 'kind'
  | 'destination'
  | 'streamsFiles'
> & {
  /** The token that it was made with, for the usage of each; null: not known. */
  readonly tokenId?: string | null;
  /** What to set aside for it; left out: nothing. */
  readonly holdMicros?: number;
};
/** A version as a training makes it: everything else is its base's. */
export interface TrainedVersion {
  /** 64 hex digits. Where it stands already, it stays as it is. */
  readonly id: string;
  readonly modelId: string;
  readonly baseVersionId: string;
  readonly weightsFileId: string;
}
/** A prediction on an attempt, as a queue ticket names it. */
export interface Ticket {
  readonly predictionId: string;
  /** Attempts begun when the ticket was written: claiming it raises the row from this number. */
  readonly attempt: number;
}
/** A ticket with the queue that it belongs in, and its place there. */
export interface QueuedTicket extends Ticket {
  readonly deploymentId: string;
  readonly priority: number;
}
/** One at a glance. */
export type PredictionGlance = Pick<
  PredictionRow,
  'id' | 'accountId' | 'model' | 'versionId' | 'deployment' | 'status' | 'createdAt' | 'startedAt' | 'completedAt'
>;
export type LineEntry = Pick<PredictionRow, 'id' | 'status' | 'startedAt' | 'priority'>;
export interface Predictions {
  /**
   * api. `durable: false`: does not wait for the disk. For a caller who is told nothing before the prediction has ended
   * (whose durable end takes its insert along) or before a second has passed (by then it is on disk anyway).
   * @throws DeploymentGone when the deployment was removed meanwhile
   * @throws BudgetExceeded when its hold does not fit into what its account or its token may spend; nothing is stored
   */
  insert(row: NewPrediction, how?: { durable: boolean }): Promise<PredictionRow>;
  /**
   * api: as a durable `insert`, but once for each key of an account. `made: false`: the key has a prediction already, which
   * is answered as it is now, with the hash of the request that made it.
   * @throws DeploymentGone
   * @throws BudgetExceeded never where the key has a prediction already
   */
  insertOnce(
    row: NewPrediction,
    once: { key: string; requestHash: string },
  ): Promise<{ row: PredictionRow; requestHash: string; made: boolean }>;
  /** dispatcher's sweep: forgets at most `limit` keys of predictions created before an instant; answers how many. */
  forgetKeys(before: Millis, limit: number): Promise<number>;
  get(id: string): Promise<PredictionRow | null>;
  list(
    page: Page & {
      accountId: string;
      /** Left out: predictions. */
      kind?: PredictionRow['kind'];
      source?: PredictionRow['source'] | undefined;
      status?: readonly PredictionStatus[] | undefined;
      /** `owner/name` */
      model?: string | undefined;
      /** `owner/name` of one that a user made. */
      deployment?: string | undefined;
      /** Or at it. */
      createdAfter?: Millis | undefined;
      createdBefore?: Millis | undefined;
    },
  ): Promise<PredictionRow[]>;
  /** The newest of each of these accounts, at most `limit` each, trainings left out. */
  newestOf(accountIds: readonly string[], limit: number): Promise<PredictionGlance[]>;
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
   * dispatcher, at start: a store that crashed may have forgotten claims, which do not wait for the disk, and so have
   * waiting ones run that run already. Each that a crash may have met skips an attempt, so that no two of its runs bear
   * one id; answers how many did. Their tickets are to be restored.
   */
  skipForgotten(): Promise<number>;
  /**
   * dispatcher: raises the hold of a running attempt to `wantedMicros`, or as far towards that as its budgets have room,
   * and answers what it is then, and a limit that was in the way. Null when the attempt is not current or it is over.
   */
  extendHold(
    id: string,
    attempt: number,
    wantedMicros: number,
    at: Millis,
  ): Promise<{ holdMicros: number; bound: BudgetBound | null } | null>;
  /**
   * dispatcher: the terminal state and its usage record, one transaction (one statement). `attempt` null: it never ran and
   * is still `starting`. `made`: the version of a training that succeeded, in the same transaction. Null when another write
   * was first, or the instance failed before an end that nobody heard of.
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
      /** Nobody heard of the end, and the run may have ended before: refused where its instance failed before `completedAt`. */
      isUnheard?: boolean;
    },
    usage: UsageRecord | null,
    made?: TrainedVersion,
  ): Promise<PredictionRow | null>;
  /** dispatcher, at start: those that a previous dispatcher left running. */
  processing(): Promise<PredictionRow[]>;
  /** dispatcher: unfinished ones with a cancel request or a deadline at or before `now`. */
  due(now: Millis): Promise<PredictionRow[]>;
  /** dispatcher: the earliest deadline among unfinished ones, or null. */
  nextDeadline(): Promise<Millis | null>;
  /** dispatcher: waiting ones of a deployment created before an instant, oldest first. */
  waitingBefore(deploymentId: string, before: Millis, limit: number): Promise<PredictionRow[]>;
  /** What runs for a deployment, and the next `limit` of those that wait in its queue, the next one first. */
  line(deploymentId: string, limit: number): Promise<LineEntry[]>;
  /** dispatcher's sweep: tickets of every waiting prediction that is not held, in pages by id. */
  waitingTickets(after: string | null, limit: number): Promise<QueuedTicket[]>;
  /** dispatcher: accounts that may only have so many predictions queued or running, or that have some held. */
  cappedAccounts(): Promise<string[]>;
  /**
   * dispatcher: lets in the oldest held predictions of an account up to its limit, each with a turn of now; or, where the
   * limit was lowered, holds the newest waiting ones. `more`: there may be others to let in at once.
   */
  admit(
    accountId: string,
    now: Millis,
  ): Promise<{ admitted: readonly QueuedTicket[]; held: readonly QueuedTicket[]; more: boolean }>;
  /** How many held predictions of an account are older than this one. */
  heldBefore(accountId: string, id: string): Promise<number>;
  /**
   * dispatcher's sweep: lowers the priorities of queues that never emptied and are running out of numbers; answers of how
   * many predictions. Their tickets are to be restored.
   */
  rebase(): Promise<number>;
}

export interface Usage {
  /** Run times of a deployment's newest successful runs in milliseconds, at most `limit`. */
  recentRuns(deploymentId: string, limit: number): Promise<number[]>;
  /** By id: a correction stands with the record that it corrects. `at` in [from, to). */
  list(
    page: Page & {
      accountId?: string | undefined;
      kind?: LedgerRecord['kind'] | undefined;
      from?: Millis | undefined;
      to?: Millis | undefined;
    },
  ): Promise<LedgerRecord[]>;
  /** Sums over [from, to); `daily`: of each day by itself. `key` of a token is its id, empty where it is not known. */
  totals(query: {
    by: 'model' | 'deployment' | 'account' | 'token' | 'day';
    daily?: boolean;
    accountId?: string | undefined;
    from?: Millis | undefined;
    to?: Millis | undefined;
  }): Promise<
    {
      /** `2026-01-31` in UTC; null unless `daily`. */
      day: string | null;
      key: string;
      name: string;
      predictions: number;
      predictMicroseconds: number;
      /** With the corrections. */
      costMicros: number;
      /** The corrections of it, which are of the day that they were made on. */
      correctionMicros: number;
    }[]
  >;
}

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
  /** Uploads that have not expired at `now`. */
  list(page: Page & { accountId: string; now: Millis }): Promise<FileRow[]>;
  remove(id: string): Promise<boolean>;
  /** dispatcher: gives a prediction those of these outputs that belong to none yet. */
  claim(ids: readonly string[], prediction: Pick<PredictionRow, 'id' | 'accountId'>): Promise<void>;
}
