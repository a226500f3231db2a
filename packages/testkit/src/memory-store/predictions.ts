import { type Millis, PREDICTION_MOVES, type PredictionStatus, type UsageRecord, wantsEvent } from '@hearth/core';
import {
  asInserted,
  BudgetExceeded,
  DeploymentGone,
  newMessageId,
  type PredictionRow,
  type Predictions,
} from '@hearth/store';
import { admissionOf } from './admission.ts';
import { verdictOf } from './budgets.ts';
import { DuplicateKey, foreignText, isUnfinished, kept, type StoredPrediction, type Tables } from './tables.ts';
import { placeIn } from './turns.ts';

const asRow = ({ turn: _turn, tokenId: _tokenId, ...row }: StoredPrediction): PredictionRow => row;
const asRowOrNull = (row: StoredPrediction | null | undefined): PredictionRow | null => (row ? asRow(row) : null);

export function predictionsOf(tables: Tables): Partial<Predictions> {
  return { ...writesOf(tables), ...readsOf(tables), ...admissionOf(tables) };
}

function writesOf(tables: Tables): Partial<Predictions> {
  const { predictions, deployments, accounts, usage } = tables;
  const isRunning = (attempt: number) => (row: StoredPrediction) =>
    row.attempt === attempt && row.status === 'processing';
  return {
    async insert({ tokenId = null, ...row }) {
      const needed = { micros: row.holdMicros ?? 0, inFlight: 1 };
      const { bound } = verdictOf(tables, row.accountId, needed, row.createdAt);
      if (bound !== null) throw new BudgetExceeded(bound);
      const deployment = deployments.get(row.deploymentId);
      if (deployment === undefined || deployment.removedAt !== null) throw new DeploymentGone(row.deploymentId);
      if (predictions.get(row.id) !== undefined) throw new DuplicateKey('predictions_pkey');
      const held = (accounts.get(row.accountId)?.maxInFlight ?? null) !== null;
      const { turn, priority } = held ? { turn: 0, priority: 0 } : placeIn(tables, row);
      const born = asInserted({ ...row, input: kept(row.input) }, { priority, held });
      return asRow(predictions.put({ ...born, turn, tokenId }));
    },

    async requestCancel(id, at) {
      const marked = predictions.change(id, isUnfinished, (row) => ({
        cancelRequestedAt: row.cancelRequestedAt ?? at,
      }));
      return asRowOrNull(marked ?? predictions.get(id));
    },

    async claim({ predictionId, attempt }, instance, at) {
      const isFree = (row: StoredPrediction): boolean =>
        row.attempt === attempt &&
        row.status === 'starting' &&
        !row.held &&
        row.cancelRequestedAt === null &&
        (row.deadlineAt === null || row.deadlineAt > at);
      const claimed = predictions.change(predictionId, isFree, () => ({
        status: 'processing',
        attempt: attempt + 1,
        instanceId: instance.id,
        versionId: instance.versionId,
        hardwareSku: instance.hardwareSku,
        startedAt: at,
      }));
      return asRowOrNull(claimed);
    },

    async progress(id, attempt, { output, logs, startedAt }) {
      const written = predictions.change(id, isRunning(attempt), () => ({
        ...(output !== undefined && { output: kept(output) }),
        ...(logs !== undefined && { logs: foreignText(logs) }),
        ...(startedAt !== undefined && { startedAt }),
      }));
      return written !== null;
    },

    // What is written in memory is there as long as the store is.
    skipForgotten: async () => 0,

    async extendHold(id, attempt, wantedMicros, at) {
      const run = predictions.get(id);
      if (run === undefined || !isRunning(attempt)(run)) return null;
      const micros = Math.max(0, wantedMicros - run.holdMicros);
      const { roomMicros, bound } = verdictOf(tables, run.accountId, { micros, inFlight: 0 }, at);
      const granted = Math.min(micros, Math.max(0, roomMicros));
      const { holdMicros } = predictions.put({ ...run, holdMicros: run.holdMicros + granted });
      return { holdMicros, bound };
    },

    async giveBack(id, attempt, lost) {
      const waiting = predictions.change(id, isRunning(attempt), (row) => ({
        status: 'starting',
        instanceId: null,
        startedAt: null,
        output: null,
        logs: '',
        metrics: null,
        lostAttempts: row.lostAttempts + (lost ? 1 : 0),
        priority: 0,
      }));
      return asRowOrNull(waiting);
    },

    async finish(id, attempt, end, bill, made) {
      const from = attempt === null ? 'starting' : 'processing';
      assertLegal(id, attempt, end.status, bill);
      if (made !== undefined) throw new Error('no training ends in memory');
      const isItsEnd = (row: StoredPrediction): boolean =>
        row.status === from &&
        row.attempt === (attempt ?? row.attempt) &&
        !(end.isUnheard && failedBefore(tables, row, end.completedAt));
      const before = predictions.get(id);
      if (before === undefined || !isItsEnd(before)) return null;
      // One statement: a bill that stands already takes the end with it.
      if (bill !== null && usage.get(bill.id) !== undefined) throw new DuplicateKey('usage_records_pkey');
      const ended = predictions.change(id, isItsEnd, (row) => ({
        status: end.status,
        ...(end.output !== undefined && { output: kept(end.output) }),
        error: end.error == null ? null : foreignText(end.error),
        logs: end.logs === undefined ? row.logs : foreignText(end.logs),
        metrics: end.metrics ?? row.metrics,
        completedAt: end.completedAt,
        startedAt: end.startedAt ?? row.startedAt,
      }));
      if (ended === null) return null;
      if (bill !== null) usage.put(bill);
      tell(tables, ended, end.completedAt);
      return asRow(ended);
    },
  };
}

const failedBefore = ({ instances }: Tables, { instanceId }: StoredPrediction, at: Millis): boolean =>
  (instances.get(instanceId ?? '')?.failure?.at ?? Infinity) < at;

/** The message of an end comes with it. */
function tell({ messages }: Tables, row: StoredPrediction, at: Millis): void {
  if (row.webhook === null || !wantsEvent(row.webhookEventsFilter, 'completed')) return;
  messages.put({
    id: newMessageId(at),
    predictionId: row.id,
    accountId: row.accountId,
    event: 'completed',
    url: row.webhook,
    receiver: receiverOf(row.webhook),
    state: 'pending',
    tries: 0,
    firstTriedAt: null,
    nextTryAt: at,
    createdAt: at,
    claimedUntil: null,
  });
}

/** As the column is generated: host and port as they are written. */
export const receiverOf = (url: string): string =>
  (/^[^:]+:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(url)?.[1] ?? '').toLowerCase();

/** @throws Error for an end that core's table of moves does not know from here, or a bill of another attempt */
function assertLegal(id: string, attempt: number | null, end: PredictionStatus, bill: UsageRecord | null): void {
  const from = attempt === null ? 'starting' : 'processing';
  const ends: readonly PredictionStatus[] = Object.values(PREDICTION_MOVES[from]);
  if (!ends.includes(end)) throw new Error(`a prediction cannot be ${end} while it is ${from}`);
  if (bill && (bill.predictionId !== id || bill.attempt !== attempt))
    throw new Error(`usage of ${bill.predictionId}-${bill.attempt} cannot end ${id}-${attempt}`);
}

function readsOf({ predictions }: Tables): Partial<Predictions> {
  const where = (holds: (row: StoredPrediction) => boolean): PredictionRow[] =>
    predictions.all().filter(holds).map(asRow);
  return {
    get: async (id) => asRowOrNull(predictions.get(id)),
    processing: async () => where(({ status }) => status === 'processing'),
    due: async (now) =>
      where((row) => isUnfinished(row) && (row.cancelRequestedAt !== null || (row.deadlineAt ?? Infinity) <= now)),
    async nextDeadline() {
      const deadlines = where(isUnfinished).flatMap(({ deadlineAt }) => deadlineAt ?? []);
      return deadlines.length === 0 ? null : Math.min(...deadlines);
    },
    waitingBefore: async (deploymentId, before, limit) =>
      where((row) => row.deploymentId === deploymentId && row.status === 'starting' && row.createdAt < before)
        .toSorted((a, b) => a.createdAt - b.createdAt)
        .slice(0, limit),
    waitingTickets: async (after, limit) =>
      where((row) => row.status === 'starting' && !row.held && row.id > (after ?? ''))
        .slice(0, limit)
        .map(({ id, attempt, deploymentId, priority }) => ({ predictionId: id, attempt, deploymentId, priority })),
    forgetKeys: async () => 0,
  };
}
