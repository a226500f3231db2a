import type { Failure, Millis } from '@hearth/core';
import type { DeploymentStatusRow, InstanceRow, PredictionRow } from '@hearth/store';
import type { Context } from '../context.ts';
import { type DeadlineTimer, nextLookAt } from '../deadlines.ts';
import type { Consumers } from '../intake/consumers.ts';
import { endMetrics } from './end-metrics.ts';
import type { Runner } from './run-prediction.ts';
import { cogIdOf } from './runs.ts';
import { endingOnVanished } from './vanished.ts';

const PAGE = 200;
/** A prediction that is due but not among our runs is being claimed this very moment. */
const LOOK_AGAIN_MS = 50;

export interface Reconciled {
  readonly context: Context;
  readonly consumers: Consumers;
  readonly runner: Runner;
  readonly deadlines: DeadlineTimer;
}

/** One look at the instances: who may take work, and whose runs are lost. A first prediction waits for it, so it is by itself. */
export async function lookAtInstances({ context, consumers, runner }: Omit<Reconciled, 'deadlines'>): Promise<void> {
  await tryEach(context, [
    async () => {
      const live = await context.store.instances.live();
      await consumers.match(live, (attachment, ticket) => runner.take(attachment, ticket));
      await endVanished(context, live);
    },
  ]);
}

/** One look at the predictions: what is due, what waits in vain, and whom to let in. */
export async function lookAtPredictions(room: Omit<Reconciled, 'consumers'>): Promise<void> {
  const { context } = room;
  let dueAt = context.now();
  await tryEach(context, [
    () => {
      dueAt = context.now();
      return stopDue(room, dueAt);
    },
    () => failWaiting(context),
    () => context.admission.look(),
    async () => room.deadlines.arm(nextLookAt(await context.store.predictions.nextDeadline(), dueAt, context.now())),
  ]);
}

/**
 * Level-triggered: what goes wrong is logged and met again by the next look. A step that fails does not keep the others
 * from being tried.
 */
async function tryEach(context: Context, steps: readonly (() => Promise<void>)[]): Promise<void> {
  for (const step of steps) {
    if (context.closing.aborted) return;
    try {
      await step();
    } catch (error) {
      context.log.error({ err: error }, 'a look at the store failed; looking again soon');
    }
  }
}

/** Ends runs whose instance is no more, by what became of it. */
async function endVanished({ store, runs, now }: Context, live: readonly InstanceRow[]): Promise<void> {
  const liveIds = new Set(live.map(({ id }) => id));
  const orphaned = runs.all().filter((run) => !liveIds.has(run.attachment.instance.id));
  const byInstance = Map.groupBy(orphaned, (run) => run.attachment.instance.id);
  for (const [instanceId, held] of byInstance) {
    const instance = await store.instances.get(instanceId);
    // What it ran until then is billed, and not how long it took to be noticed here.
    const endedAt = Math.min(now(), instance?.failure?.at ?? Infinity);
    for (const run of held) run.end(endingOnVanished(instance, run), endedAt);
  }
}

/** Cancel requests and deadlines: of waiting predictions in the store, of running ones in their container. */
async function stopDue({ context, runner }: Pick<Reconciled, 'context' | 'runner'>, dueAt: Millis): Promise<void> {
  const { store, now, runs, look } = context;
  let missing = false;
  for (const row of await store.predictions.due(dueAt)) {
    if (row.status === 'starting') {
      // A deadline that passes before the start is free and says so; one that passes while it runs is a cancel.
      const status = row.cancelRequestedAt === null ? 'aborted' : 'canceled';
      const error = status === 'aborted' ? 'The deadline passed before it could start.' : null;
      await finishWaiting(context, row, { status, error }, now());
      continue;
    }
    const run = runs.get(cogIdOf(row.id, row.attempt));
    if (run) runner.stop(run, { status: 'canceled', error: null });
    else missing = true;
  }
  if (missing) setTimeout(look, LOOK_AGAIN_MS).unref();
}

/** Fails what waits for deployments that do not come up. */
async function failWaiting(context: Context): Promise<void> {
  for (const status of await context.store.deployments.failing()) {
    if (status.failure === null || status.failWaitingUntil === null) continue;
    await failWaitingOf(context, status, status.failure, status.failWaitingUntil);
  }
}

async function failWaitingOf(
  context: Context,
  { deploymentId }: DeploymentStatusRow,
  failure: Failure,
  before: Millis,
): Promise<void> {
  const end = { status: 'failed', error: `${failure.message} (${failure.kind})`, logs: failure.logTail } as const;
  for (;;) {
    const waiting = await context.store.predictions.waitingBefore(deploymentId, before, PAGE);
    for (const row of waiting) await finishWaiting(context, row, end, context.now());
    if (waiting.length < PAGE) return;
  }
}

/** Ends a prediction that never ran: no usage. No row: it has just been claimed, and the next look meets its run. */
async function finishWaiting(
  { store, queues, bus, log, webhooks, admission }: Context,
  row: PredictionRow,
  end: { status: 'failed' | 'canceled' | 'aborted'; error: string | null; logs?: string },
  at: Millis,
): Promise<void> {
  const metrics = endMetrics(row.createdAt, at, null);
  const finished = await store.predictions.finish(row.id, null, { ...end, metrics, completedAt: at }, null);
  if (!finished) return;
  bus.announce({ id: row.id, kind: 'finished' });
  webhooks.ended(row);
  admission.ended(row.accountId);
  try {
    await queues.withdraw(row.deploymentId, { predictionId: row.id, attempt: row.attempt });
  } catch (error) {
    // Left behind, it is stale: the claim refuses it.
    log.debug({ err: error, predictionId: row.id }, 'could not withdraw a ticket');
  }
}
