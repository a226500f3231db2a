import { isTerminal, MAX_LOST_ATTEMPTS } from '@hearth/core';
import type { InstanceRow, PredictionRow } from '@hearth/store';
import { isLive, type StoredPrediction, type Tables } from '../src/memory-store/tables.ts';
import type { ModelRun } from './model-servers.ts';

/** A promise that was broken, in words. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: Invariant;
  constructor(invariant: Invariant, what: string) {
    super(`${invariant}: ${what}`);
    this.invariant = invariant;
  }
}

export type Invariant =
  | 'an end never changes'
  | 'an attempt never goes back'
  | 'at most three lost attempts'
  | 'no id is sent twice'
  | 'no host holds more than it has'
  | 'what is busy is not stopped'
  | 'a webhook tells what is stored'
  | 'every prediction ends'
  | 'a run is billed once, for what it ran'
  | 'every webhook is delivered'
  | 'every bill is in its chain'
  | 'nothing is left on the hosts'
  | 'a budget is not overspent'
  | 'no run is ended without a reason'
  | 'no room breaks';

/** What the world knows that no room does. */
export interface Truth {
  readonly runs: ReadonlyMap<string, ModelRun>;
  /** By prediction: the webhooks of its end that were taken. */
  readonly delivered: ReadonlyMap<string, number>;
  readonly accepted: ReadonlySet<string>;
  /** By Cog's id: when and by whom an attempt was sent. */
  readonly sent: ReadonlyMap<string, { readonly at: number; readonly by: { readonly isOver: boolean } }>;
  /** By prediction: which dispatcher wrote its end. */
  readonly endedBy: ReadonlyMap<string, unknown>;
}

const broken = (invariant: Invariant, what: string): never => {
  throw new Violation(invariant, what);
};

const END = ['status', 'attempt', 'output', 'error', 'logs', 'completedAt', 'startedAt', 'lostAttempts'] as const;

/** Called after each write of a prediction. */
export function checkPrediction(before: StoredPrediction | undefined, after: StoredPrediction | undefined): void {
  if (before === undefined || after === undefined) return;
  if (isTerminal(before.status)) {
    const changed = END.filter((field) => before[field] !== after[field]);
    if (changed.length > 0)
      broken('an end never changes', `${after.id} was ${before.status}, and ${changed.join(', ')} changed`);
  }
  if (after.attempt < before.attempt || after.attempt > before.attempt + 1)
    broken('an attempt never goes back', `${after.id} went from ${before.attempt} to ${after.attempt}`);
  if (after.lostAttempts > MAX_LOST_ATTEMPTS)
    broken('at most three lost attempts', `${after.id} lost ${after.lostAttempts}`);
}

/** Called after each write of a prediction, and of a bill. All of a world is in one UTC day. */
export function checkBudgets({ budgets, predictions, usage }: Tables): void {
  for (const { accountId, dayMicros } of budgets.all()) {
    if (dayMicros === null) continue;
    const own = predictions.all().filter((row) => row.accountId === accountId && !isTerminal(row.status));
    const heldMicros = own.reduce((sum, row) => sum + row.holdMicros, 0);
    const billed = usage.all().filter((bill) => bill.accountId === accountId);
    const spentMicros = billed.reduce((sum, bill) => sum + bill.costMicros, 0);
    if (heldMicros + spentMicros > dayMicros)
      broken('a budget is not overspent', `${heldMicros} held and ${spentMicros} spent of ${dayMicros}`);
  }
}

/** Called when a model server takes a prediction. */
export function checkTaken(run: ModelRun, runs: ReadonlyMap<string, ModelRun>): void {
  if (runs.has(run.cogId)) broken('no id is sent twice', `${run.cogId} was taken twice`);
}

/** Called after each write of an instance. `containers`: what runs anywhere. */
export function checkInstance(
  before: InstanceRow | undefined,
  after: InstanceRow | undefined,
  tables: Tables,
  containers: readonly string[],
): void {
  if (after === undefined) return;
  if (before === undefined) checkRoom(after.hostId, tables);
  // One that vanished is found and removed when its host is.
  if (after.state === 'stopped' && after.failure === null && containers.includes(after.id))
    broken('nothing is left on the hosts', `${after.id} is stopped, and runs`);
  if (before?.state !== 'draining' || after.state !== 'stopping') return;
  const held = heldBy(after.id, tables);
  if (held.length > 0)
    broken('what is busy is not stopped', `${after.id} went while it held ${held.map(({ id }) => id).join(', ')}`);
}

function checkRoom(hostId: string, { instances, hosts }: Tables): void {
  const live = instances.all().filter((row) => row.hostId === hostId && isLive(row));
  const heldMiB = live.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0);
  const hasMiB = hosts.get(hostId)?.memoryMiB ?? 0;
  if (heldMiB > hasMiB) broken('no host holds more than it has', `${hostId} has ${hasMiB} MiB, its rows ${heldMiB}`);
  const devices = live.flatMap(({ deviceIds }) => deviceIds);
  if (new Set(devices).size < devices.length) broken('no host holds more than it has', `a GPU of ${hostId} twice`);
}

/** Called when containers of a host have become more. */
export function checkContainers(hostId: string, memoryMiB: readonly number[], tables: Tables): void {
  const heldMiB = memoryMiB.reduce((sum, each) => sum + each, 0);
  const hasMiB = tables.hosts.get(hostId)?.memoryMiB ?? 0;
  if (heldMiB > hasMiB) broken('no host holds more than it has', `${hostId} has ${hasMiB} MiB and runs ${heldMiB}`);
}

/** Called before a container is ended by the scheduler. What is lost or has failed may go: its predictions run elsewhere. */
export function checkStopped(instanceId: string, tables: Tables): void {
  const row = tables.instances.get(instanceId);
  if (row === undefined || row.state === 'failed' || row.state === 'stopped') return;
  const held = heldBy(instanceId, tables);
  if (held.length > 0)
    broken(
      'what is busy is not stopped',
      `${instanceId} (${row.state}) was ended under ${held.map(({ id }) => id).join(', ')}`,
    );
}

const heldBy = (instanceId: string, { predictions }: Tables): StoredPrediction[] =>
  predictions.all().filter((row) => row.instanceId === instanceId && row.status === 'processing');

/** Called when a receiver takes a message of an end. */
export function checkTold(told: { readonly id: string; readonly status: string }, tables: Tables): void {
  const row = tables.predictions.get(told.id);
  const wire = row?.status === 'aborted' ? 'canceled' : row?.status;
  if (row === undefined || !isTerminal(row.status) || wire !== told.status)
    broken('a webhook tells what is stored', `${told.id} was told to be ${told.status}, and is ${row?.status}`);
}

/** What is still to come before all is over; null: nothing. `containers`: what runs anywhere. */
export function stillOpen(
  { predictions, instances, messages, usage, seals }: Tables,
  containers: readonly string[],
): { invariant: Invariant; what: string } | null {
  const unfinished = predictions.all().find(({ status }) => !isTerminal(status));
  if (unfinished) {
    const { id, status, attempt, instanceId, held } = unfinished;
    const what = `${id} is ${status}, attempt ${attempt}, on ${instanceId}${held ? ', held' : ''}`;
    return { invariant: 'every prediction ends', what };
  }
  const pending = messages.all().find(({ state }) => state === 'pending');
  if (pending) return { invariant: 'every webhook is delivered', what: `${pending.id} is pending` };
  const live = instances.all().find(isLive);
  if (live) return { invariant: 'nothing is left on the hosts', what: `${live.id} is ${live.state} on ${live.hostId}` };
  if (containers.length > 0) return { invariant: 'nothing is left on the hosts', what: `${containers.join(', ')} run` };
  const unsealed = usage.all().find(({ id }) => seals.get(id) === undefined);
  if (unsealed) return { invariant: 'every bill is in its chain', what: `${unsealed.id} is not` };
  return null;
}

/** Called when all is over. */
export function checkEnd(tables: Tables, truth: Truth): void {
  for (const id of truth.accepted) {
    const row = tables.predictions.get(id);
    if (row === undefined || !isTerminal(row.status)) return broken('every prediction ends', `${id} is ${row?.status}`);
    checkBill(row, tables, truth);
    checkReason(row, tables, truth);
    if (row.webhook !== null && (truth.delivered.get(id) ?? 0) < 1)
      broken('every webhook is delivered', `nobody was told of the end of ${id}`);
  }
}

function checkReason(row: PredictionRow, { instances, budgets }: Tables, truth: Truth): void {
  const { id, accountId, attempt, error, instanceId } = row;
  const invariant = 'no run is ended without a reason';
  if (error?.startsWith('budget-exceeded') && budgets.get(accountId) === undefined)
    broken(invariant, `${id}: ${error}`);
  if (error === null || !error.startsWith('The model crashed')) return;
  const sent = truth.sent.get(`${id}-${attempt}`);
  const failedAt = instances.get(instanceId ?? '')?.failure?.at ?? 0;
  // Whoever takes a run over cannot know whether it was ever sent.
  if (sent !== undefined && sent.at > failedAt)
    broken(invariant, `${id} was sent to ${instanceId} after that had gone down: ${error}`);
}

function checkBill(row: PredictionRow, { usage, instances }: Tables, { runs, sent, endedBy }: Truth): void {
  const invariant = 'a run is billed once, for what it ran';
  const bills = usage.all().filter(({ predictionId }) => predictionId === row.id);
  const cogId = `${row.id}-${row.attempt}`;
  const [run, by] = [runs.get(cogId), sent.get(cogId)];
  const [bill] = bills;
  if (bills.length > 1) broken(invariant, `${row.id} has ${bills.length} bills`);
  if (row.status === 'succeeded' && bill === undefined) broken(invariant, `${row.id} succeeded and costs nothing`);
  if (bill === undefined) return;
  // Of what crashed with its instance between two dispatchers nobody can know whether it had been sent.
  if (run === undefined && by?.by.isOver !== false && instances.get(row.instanceId ?? '')?.failure) return;
  if (run === undefined || by === undefined)
    return broken(invariant, `${row.id} is billed, and attempt ${row.attempt} never ran`);
  if (bill.attempt !== row.attempt || bill.status !== row.status)
    broken(invariant, `${row.id} ended ${row.status} in attempt ${row.attempt}; its bill is of ${bill.attempt}`);
  const billedMs = bill.predictMicroseconds / 1_000;
  const isTakenOver = endedBy.get(row.id) !== by.by;
  const ranMs = (run.endedAt ?? Number.NaN) - run.startedAt;
  if (run.heardAt !== null && run.heardAt <= (row.completedAt ?? 0)) {
    // Whoever took it over knows only since when it was known to run.
    const isExact = isTakenOver ? billedMs <= ranMs : billedMs === ranMs;
    if (!isExact) broken(invariant, `${row.id} ran ${ranMs} ms and is billed ${billedMs} ms`);
    return;
  }
  // Nobody heard of its end: it is billed until its instance was seen to have failed, or until it was given up.
  const failedAt = instances.get(run.instanceId)?.failure?.at ?? Infinity;
  const sinceAt = isTakenOver ? Math.min(by.at, row.startedAt ?? by.at) : by.at;
  const mostMs = Math.min(failedAt, row.completedAt ?? 0) - sinceAt;
  if (billedMs > mostMs) broken(invariant, `${row.id} can have run ${mostMs} ms and is billed ${billedMs} ms`);
}
