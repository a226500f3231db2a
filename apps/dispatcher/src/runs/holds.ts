import { periodEnd } from '@hearth/contract';
import {
  type BudgetBound,
  billedWithin,
  boundInWords,
  type HoldAnswer,
  holdStep,
  type Millis,
  nextHold,
  type RunLimits,
  runnableMs,
  type UsageRecord,
} from '@hearth/core';
import type { Context } from '../context.ts';
import { MAX_TIMER_MS } from '../deadlines.ts';
import type { Run, Stop } from './runs.ts';

/** Keeps what is set aside for each run ahead of what it costs, and ends the run where its budgets have no more for it. */
export interface Holds {
  /** Before it is sent: false where nothing is left to run it with. @throws what the store throws */
  covers(run: Run): Promise<boolean>;
  /** Once it is sent, from then on. */
  watch(run: Run, sinceMs: Millis): void;
}

type HoldContext = Pick<Context, 'store' | 'prices' | 'log' | 'now' | 'monotonicMs' | 'timings'>;

export function createHolds(context: HoldContext, stop: (run: Run, stop: Stop) => void): Holds {
  const { store, prices, log, now, monotonicMs, timings } = context;
  const limitsOf = ({ row }: Run): RunLimits => ({
    timeoutMs: row.kind === 'training' ? timings.trainingTimeoutMs : timings.predictionTimeoutMs,
    cancelGraceMs: timings.cancelGraceMs,
  });

  /**
   * Asks for a hold; what there is of it stands in the run afterwards. Answers a limit that was in the way.
   *
   * @throws what the store throws; Error where the attempt is not current, as after a Postgres that forgot its claim
   */
  const extend = async (run: Run, wantedMicros: number): Promise<BudgetBound | null> => {
    const extended = await store.predictions.extendHold(run.row.id, run.row.attempt, wantedMicros, now());
    if (extended === null) throw new Error(`the store does not have ${run.cogId} as running`);
    run.holdMicros = extended.holdMicros;
    return extended.bound;
  };
  const exceeded = (bound: BudgetBound): Stop => ({
    status: 'failed',
    error: `budget-exceeded: ${boundInWords(bound, (period) => periodEnd(period, now()))}`,
  });

  /** `since`: on the clock that nobody sets. `answer`: to the last time that a hold was asked for. */
  const arm = (run: Run, since: number, price: number, answer: HoldAnswer): void => {
    if (run.isOver || run.stop) return;
    const limits = limitsOf(run);
    const runnable = runnableMs(run.holdMicros, price, limits);
    const step = holdStep({ elapsedMs: monotonicMs() - since, runnable, answer }, limits);
    if (step.do === 'nothing') return;
    const act = async (): Promise<void> => {
      if (step.do === 'stop') return stop(run, exceeded(step.bound));
      // What was refused is, until the store says otherwise.
      let next: HoldAnswer = typeof answer === 'object' ? answer : 'unanswered';
      try {
        next = (await extend(run, nextHold(Math.max(runnable, monotonicMs() - since), price, limits))) ?? 'granted';
      } catch (error) {
        log.warn({ err: error, predictionId: run.row.id }, 'could not extend the hold of a run; asking again');
      }
      arm(run, since, price, next);
    };
    run.holdTimer = setTimeout(() => void act(), Math.min(step.inMs, MAX_TIMER_MS));
  };

  return {
    async covers(run) {
      const limits = limitsOf(run);
      const price = (await prices.at(run.row.hardwareSku, now())) ?? 0;
      if (runnableMs(run.holdMicros, price, limits) > 0) return true;
      // It runs on hardware that costs more than what it was made for, or comes from a time without holds.
      const bound = await extend(run, nextHold(0, price, limits));
      if (bound === null || runnableMs(run.holdMicros, price, limits) > 0) return true;
      stop(run, exceeded(bound));
      return false;
    },
    watch(run, since) {
      clearTimeout(run.holdTimer);
      const began = monotonicMs() - (now() - since);
      prices.at(run.row.hardwareSku, since).then(
        // What it was made with was granted.
        (price) => arm(run, began, price ?? 0, 'granted'),
        (error: unknown) => log.error({ err: error, predictionId: run.row.id }, 'cannot tell what a run costs'),
      );
    },
  };
}

/**
 * The bill of a run, which is never above its hold: there is one for all that it may take, unless it ran on while nobody
 * was there to end it. What its budgets still have then is taken, and what they have not is not billed. `reclaim`: gets a
 * claim back that the store forgot; false where the attempt is another's or over.
 */
export async function billHeld(
  { store, log, now }: Pick<Context, 'store' | 'log' | 'now'>,
  run: Run,
  usage: UsageRecord,
  reclaim: () => Promise<boolean>,
): Promise<UsageRecord> {
  if (usage.costMicros <= run.holdMicros) return usage;
  const extend = () => store.predictions.extendHold(run.row.id, run.row.attempt, usage.costMicros, now());
  const extended = (await extend()) ?? ((await reclaim()) ? await extend() : null);
  if (extended !== null) run.holdMicros = extended.holdMicros;
  const billed = billedWithin(usage, run.holdMicros);
  if (billed.costMicros < usage.costMicros)
    log.warn(
      { predictionId: run.row.id, costMicros: usage.costMicros, billedMicros: billed.costMicros },
      'a run that nobody ended in time cost more than its budget had left: the rest is not billed',
    );
  return billed;
}
