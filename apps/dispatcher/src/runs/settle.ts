import { MAX_LOST_ATTEMPTS, usageRecord } from '@hearth/core';
import type { PredictionRow, TrainedVersion } from '@hearth/store';
import type { Context } from '../context.ts';
import { keptLog } from '../model/log-limit.ts';
import { OutputNotStored, outputFilesIn } from '../model/outputs.ts';
import { pause } from '../pause.ts';
import { endMetrics } from './end-metrics.ts';
import { billHeld } from './holds.ts';
import type { Ending, Run } from './runs.ts';
import { endOfTraining } from './training.ts';
import { endingOnVanished } from './vanished.ts';

type Finish = Extract<Ending, { kind: 'finish' }>;
type GiveBack = Extract<Ending, { kind: 'giveBack' }>;
type SettleContext = Pick<
  Context,
  | 'store'
  | 'queues'
  | 'bus'
  | 'log'
  | 'prices'
  | 'metrics'
  | 'webhooks'
  | 'admission'
  | 'closing'
  | 'look'
  | 'signer'
  | 'now'
>;

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/**
 * Writes the ending of a run, again and again until the store has it or this dispatcher closes. Answers how it did end: one
 * that was given up ends by what became of its instance where that had failed before.
 */
export async function settle(context: SettleContext, run: Run, ending: Ending): Promise<Ending> {
  if (ending.kind === 'leave') {
    run.settle(false);
    return ending;
  }
  let [writing, withOutput]: [Finish | GiveBack, boolean] = [ending, true];
  for (let tries = 0; ; tries++) {
    try {
      const instead = await write(context, run, writing, withOutput);
      if (instead === null) {
        run.settle(true);
        return writing;
      }
      writing = instead;
    } catch (error) {
      run.settle(false);
      context.log.error(
        { err: error, predictionId: run.row.id, tries },
        'could not store how a run ended; trying again',
      );
      const refusal = refusalOf(error);
      if (refusal !== null && writing.kind === 'finish' && withOutput) {
        writing = { ...writing, status: 'failed', error: `The result could not be stored: ${refusal}` };
        withOutput = false;
      } else {
        await pause(Math.min(FIRST_RETRY_MS * 2 ** tries, LONGEST_RETRY_MS), context.closing);
      }
      if (context.closing.aborted) return writing;
    }
  }
}

/** Null: it is stored, or another write was first. Else how the run has to end instead. */
async function write(
  context: SettleContext,
  run: Run,
  writing: Finish | GiveBack,
  withOutput: boolean,
): Promise<Finish | GiveBack | null> {
  if (writing.kind === 'finish') return finish(context, run, writing, withOutput);
  await giveBack(context, run, writing);
  return null;
}

/** What is wrong with the data itself, so that another try would end the same way; null: the store may just be away. */
function refusalOf(error: unknown): string | null {
  if (error instanceof OutputNotStored) return error.message;
  // JSON nested too deep for JavaScript or for Postgres (class 54), or a value it cannot take (class 22).
  if (error instanceof RangeError) return error.message;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error instanceof Error && /^(22|54)[0-9A-Z]{3}$/.test(code) ? error.message : null;
}

async function finish(
  context: SettleContext,
  run: Run,
  ending: Finish,
  withOutput: boolean,
): Promise<Finish | GiveBack | null> {
  const { store, bus, metrics } = context;
  const { row, merged } = run;
  const completedAt = run.endedAt ?? row.createdAt;
  const resolved = withOutput ? await run.outputs.resolve(merged.output) : null;
  const { status, error: why, output, made } = await outcomeOf(context, run, ending, resolved);
  const error = why && run.secrets.redacted(why, true);
  await claimOutputs(context, run, output);
  const bill = await billOf(context, run, status, completedAt);
  const usage = bill && (await billHeld(context, run, bill, () => reclaimed(context, run)));
  const measured = endMetrics(row.createdAt, completedAt, usage);
  const logs =
    ending.logTail && (await mayReadLog(context, row))
      ? keptLog(withTail(merged.logs, run.secrets.redacted(ending.logTail, true)), run.maxLogChars, true)
      : merged.logs;
  const end = {
    status,
    error,
    ...(output !== null && { output }),
    ...(logs !== '' && { logs }),
    metrics: { ...merged.metrics, ...measured },
    ...(run.startedAt !== null && { startedAt: run.startedAt }),
    completedAt,
    ...(ending.isUnheard && { isUnheard: true }),
  };
  const stored = () => store.predictions.finish(row.id, row.attempt, end, usage, made);
  const finished = (await stored()) ?? ((await reclaimed(context, run)) ? await stored() : null);
  if (!finished) return ending.isUnheard ? endedBefore(context, run) : null;
  bus.announce({ id: row.id, kind: 'finished', row: finished });
  context.webhooks.ended(finished);
  context.admission.ended(row.accountId);
  metrics.finished(status, measured.predict_time);
  if (made) bus.poke('api');
  return null;
}

/**
 * The end of an instance's log may hold what others had it run, so it is for the account whose deployment it is: whoever can
 * make a public model crash would else read it.
 */
async function mayReadLog({ store }: SettleContext, { accountId, deployment, model }: PredictionRow): Promise<boolean> {
  const [owner] = (deployment ?? model).split('/');
  return (await store.accounts.usernameOf(accountId)) === owner;
}

/**
 * How a run that was given up ends whose instance had failed by then, before this dispatcher heard of that. Null: another write
 * was first.
 */
async function endedBefore({ store }: SettleContext, run: Run): Promise<Finish | GiveBack | null> {
  const instance = await store.instances.get(run.attachment.instance.id);
  const failedAt = instance?.failure?.at ?? Infinity;
  if (run.endedAt === null || failedAt >= run.endedAt) return null;
  run.endsAt(failedAt);
  return endingOnVanished(instance, run);
}

/**
 * Whether the run has its claim back. Claims do not wait for the disk, so a Postgres that is killed forgets those of its last
 * half second: their rows wait as if nobody had taken them, and would run again under the ids of these attempts.
 */
async function reclaimed({ store }: SettleContext, { row, attachment }: Run): Promise<boolean> {
  const kept = await store.predictions.get(row.id);
  if (kept?.status !== 'starting' || kept.attempt !== row.attempt - 1) return false;
  const ticket = { predictionId: row.id, attempt: kept.attempt };
  return (await store.predictions.claim(ticket, attachment.instance, row.startedAt ?? row.createdAt)) !== null;
}

/** coglet does not say whose a file is: where several runs share an instance, the output that names it does. */
async function claimOutputs(
  { store, signer, now }: SettleContext,
  { attachment, row }: Run,
  output: unknown,
): Promise<void> {
  if (attachment.instance.slots === 1) return;
  await store.files.claim(outputFilesIn(output, signer, Math.floor(now() / 1_000)), row);
}

type Outcome = Pick<Finish, 'status' | 'error'> & { output: unknown; made?: TrainedVersion };

/** A training has succeeded only once there is a version of what it returned. */
async function outcomeOf(
  { store, signer, now }: SettleContext,
  { row }: Run,
  { status, error }: Finish,
  output: unknown,
): Promise<Outcome> {
  if (row.kind !== 'training' || status !== 'succeeded') return { status, error, output };
  const end = await endOfTraining(row, output, { store, signer, nowSeconds: Math.floor(now() / 1_000) });
  return 'made' in end ? { status, error, ...end } : { status: 'failed', error: end.error, output };
}

const withTail = (logs: string, tail: string): string =>
  logs === '' || logs.endsWith('\n') ? logs + tail : `${logs}\n${tail}`;

/** Taken over from a dispatcher that may have died before it was sent, and its server did not own to it when it was to stop. */
const mayNeverHaveRun = ({ doubt, stop, cancelAnswer }: Run): boolean =>
  doubt === 'adopted' && stop !== null && cancelAnswer !== 'told';

async function billOf({ prices, log }: SettleContext, run: Run, status: Finish['status'], at: number) {
  const { row, merged, startedAt } = run;
  if (startedAt === null || mayNeverHaveRun(run)) return null;
  const price = await prices.at(row.hardwareSku, startedAt);
  if (price === null)
    log.error({ predictionId: row.id, sku: row.hardwareSku }, 'hardware without a price: billed at 0');
  const reported = merged.metrics.predict_time;
  return usageRecord({
    predictionId: row.id,
    attempt: row.attempt,
    accountId: row.accountId,
    model: row.model,
    versionId: row.versionId,
    deploymentId: row.deploymentId,
    hardwareSku: row.hardwareSku,
    priceMicrosPerSecond: price ?? 0,
    status,
    at,
    startedAt,
    times: {
      reportedPredictSeconds: typeof reported === 'number' ? reported : null,
      reportedStartedAt: merged.startedAt,
      reportedCompletedAt: merged.completedAt,
      elapsedMs: run.elapsedMs ?? at - startedAt,
    },
  });
}

async function giveBack(context: SettleContext, run: Run, { lost, why }: GiveBack): Promise<void> {
  const { store, bus, queues, log, metrics, look } = context;
  const { row } = run;
  log.warn(
    { predictionId: row.id, attempt: row.attempt, instanceId: row.instanceId, lost },
    `back to the queue: ${why}`,
  );
  const waiting = await store.predictions.giveBack(row.id, row.attempt, lost);
  if (!waiting) return;
  metrics.returned(lost);
  if (waiting.lostAttempts >= MAX_LOST_ATTEMPTS) {
    const completedAt = run.endedAt ?? row.createdAt;
    const error = `Its instance was lost ${waiting.lostAttempts} times while it ran, the last time because ${why}.`;
    const end = {
      status: 'failed',
      error,
      metrics: endMetrics(row.createdAt, completedAt, null),
      completedAt,
    } as const;
    if (!(await store.predictions.finish(row.id, null, end, null))) return;
    bus.announce({ id: row.id, kind: 'finished' });
    context.webhooks.ended(row);
    context.admission.ended(row.accountId);
    return;
  }
  bus.announce({ id: row.id, kind: 'returned' });
  bus.poke('scheduler');
  // It may have been canceled meanwhile, and then no ticket will ever be claimed.
  look();
  try {
    await queues.enqueue(row.deploymentId, { predictionId: row.id, attempt: waiting.attempt }, waiting.priority);
  } catch (error) {
    log.warn({ err: error, predictionId: row.id }, 'could not enqueue a returned prediction; the sweep will');
  }
}
