import type { BudgetBound } from './budget.ts';
import type { Millis } from './time.ts';
import { costMicros, type UsageRecord } from './usage.ts';

/** How long a run may go on, and how long it takes to end one. */
export interface RunLimits {
  /** After so long it is ended whatever it costs. */
  readonly timeoutMs: Millis;
  /** How long a model that is told to stop may take before its run is given up. */
  readonly cancelGraceMs: Millis;
}

/** Fewer runs than this say little of the next one. */
const RUNS_THAT_TELL = 5;
/** Runs that took no longer than this are not told apart. */
const SHORTEST_EXPECTED_MS = 1_000;
/** From the moment that a run should be stopped to its stop: a late timer, a slow statement, a busy machine. */
const REACTION_MS = 2_000;
/** So much of a hold is used up before more is asked for. */
const EXTEND_AT = 0.8;
/** A run that outlasts what was expected gets half as much again, and at least this much. */
const SHORTEST_STEP_MS = 1_000;
/** Where more was refused, it is asked for again ever sooner before the end, but no sooner than this. */
const SHORTEST_WAIT_MS = 250;
/** Where the store did not answer, it is asked again after so long. */
const UNANSWERED_WAIT_MS = 1_000;

/**
 * How long the next run is taken to last: the time within which nine of ten recent ones ended (nearest rank), or where
 * there are too few of them, what the operator expects. Never longer than a run may take.
 *
 * @param recentRunsMs in any order
 */
export function expectedRunMs(
  recentRunsMs: readonly Millis[],
  { otherwiseMs, timeoutMs }: { otherwiseMs: Millis; timeoutMs: Millis },
): Millis {
  const sorted = recentRunsMs.toSorted((a, b) => a - b);
  const ninth = sorted[Math.ceil(sorted.length * 0.9) - 1];
  const expected = ninth === undefined || sorted.length < RUNS_THAT_TELL ? otherwiseMs : ninth;
  return Math.min(timeoutMs, Math.max(SHORTEST_EXPECTED_MS, expected));
}

/** What a run that is stopped at its time may take beyond it until it has ended, obedient or not. */
export const endingMs = ({ cancelGraceMs }: Pick<RunLimits, 'cancelGraceMs'>): Millis => cancelGraceMs + REACTION_MS;

/**
 * What to set aside for a run of so long in millionths, rounded up: with the time that it takes to end one, so that
 * it can be let run for all of `runMs` and still cost no more than this.
 *
 * @throws RangeError where the price is not a safe integer of 0 or more
 */
export function holdFor(runMs: Millis, priceMicrosPerSecond: number, limits: RunLimits): number {
  const wholeMs = Math.ceil(Math.min(runMs, limits.timeoutMs) + endingMs(limits));
  const micros = costMicros(wholeMs * 1_000, priceMicrosPerSecond);
  // Rounded half up, it may be a millionth short.
  return coveredMs(micros, priceMicrosPerSecond) < wholeMs ? micros + 1 : micros;
}

/** How long a run may take in all until it costs what is held for it. */
const coveredMs = (holdMicros: number, priceMicrosPerSecond: number): Millis =>
  priceMicrosPerSecond === 0 ? Number.POSITIVE_INFINITY : (holdMicros / priceMicrosPerSecond) * 1_000;

/** How long a run may be let go on under its hold until it has to be stopped; 0: not at all. */
export const runnableMs = (holdMicros: number, priceMicrosPerSecond: number, limits: RunLimits): Millis =>
  Math.max(0, coveredMs(holdMicros, priceMicrosPerSecond) - endingMs(limits));

/** The hold to ask for where `runnable` milliseconds come to their end, or that many have passed. */
export function nextHold(runnable: Millis, priceMicrosPerSecond: number, limits: RunLimits): number {
  return holdFor(Math.max(runnable * 1.5, runnable + SHORTEST_STEP_MS), priceMicrosPerSecond, limits);
}

/** What is next to be done about the hold of a run. */
export type HoldStep =
  /** It covers all that the run may take. */
  | { readonly do: 'nothing' }
  | { readonly do: 'extend'; readonly inMs: Millis }
  | { readonly do: 'stop'; readonly inMs: Millis; readonly bound: BudgetBound };

/** What came of asking for a hold: all of it, less because of a limit, or no answer of the store. */
export type HoldAnswer = 'granted' | BudgetBound | 'unanswered';

/** `elapsedMs`: how long it runs already. `runnable`: how long it may. Only a limit that was in the way ends a run. */
export function holdStep(
  { elapsedMs, runnable, answer }: { elapsedMs: Millis; runnable: Millis; answer: HoldAnswer },
  { timeoutMs }: RunLimits,
): HoldStep {
  if (runnable >= timeoutMs) return { do: 'nothing' };
  const extendIn = runnable * EXTEND_AT - elapsedMs;
  if (extendIn > 0) return { do: 'extend', inMs: extendIn };
  if (answer === 'unanswered') return { do: 'extend', inMs: UNANSWERED_WAIT_MS };
  // It went on while nobody was there to ask, or the answer took longer than what it granted.
  if (answer === 'granted') return { do: 'extend', inMs: 0 };
  const left = Math.max(0, runnable - elapsedMs);
  // More was refused just now: what others give back meanwhile may be enough.
  return left / 2 >= SHORTEST_WAIT_MS ? { do: 'extend', inMs: left / 2 } : { do: 'stop', inMs: left, bound: answer };
}

/** The record with no more billed than was held: what ran longer, because nobody was there to end it, is not the user's. */
export function billedWithin(usage: UsageRecord, holdMicros: number): UsageRecord {
  if (usage.costMicros <= holdMicros) return usage;
  const predictMicroseconds = Number((BigInt(holdMicros) * 1_000_000n) / BigInt(usage.priceMicrosPerSecond));
  return { ...usage, predictMicroseconds, costMicros: costMicros(predictMicroseconds, usage.priceMicrosPerSecond) };
}
