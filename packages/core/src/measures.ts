import type { PhaseStamps } from './eta.ts';
import type { Millis } from './time.ts';

/** A bounded summary of some spans, in milliseconds. */
export interface Spread {
  /** At least 1. */
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
}

/** What the current release of a deployment took lately. A null was not measured often enough to go by. */
export interface Measures {
  /** Run times of predictions that succeeded. */
  readonly runs: Spread | null;
  /** From the placement of an instance until it was ready. */
  readonly boots: Spread | null;
  /** Predictions that came to an end in the last minute, per second. */
  readonly runsPerSecond: number;
}

/** A run that came to its end, and when. */
export interface PastRun {
  readonly runMs: number;
  readonly at: Millis;
}

/** One run may be an odd one; a boot is always of the same image, and a second one would come too late to learn from. */
const FEWEST_RUNS = 3;
const RATE_WINDOW_MS = 60_000;

export const UNMEASURED: Measures = { runs: null, boots: null, runsPerSecond: 0 };

/** By nearest rank; null of no spans. */
export function spreadOf(spans: readonly number[]): Spread | null {
  if (spans.length === 0) return null;
  const sorted = spans.toSorted((a, b) => a - b);
  const rank = (q: number): number => sorted[Math.ceil(q * sorted.length) - 1] ?? 0;
  const meanMs = sorted.reduce((sum, span) => sum + span, 0) / sorted.length;
  return { count: sorted.length, meanMs, p50Ms: rank(0.5), p90Ms: rank(0.9) };
}

/** `runs` and `boots` are the newest of the release, in any order. What they leave out by their limits is older. */
export function measuresOf(runs: readonly PastRun[], boots: readonly PhaseStamps[], now: Millis): Measures {
  const bootMs = boots.flatMap(({ place, ready }) =>
    place === undefined || ready === undefined ? [] : [Math.max(0, ready - place)],
  );
  return {
    runs: runs.length < FEWEST_RUNS ? null : spreadOf(runs.map(({ runMs }) => runMs)),
    boots: spreadOf(bootMs),
    runsPerSecond: ratePerSecond(
      runs.map(({ at }) => at),
      now,
    ),
  };
}

/** Over the last minute; where the newest that are remembered reach back less far, over the time that they do. */
function ratePerSecond(ends: readonly Millis[], now: Millis): number {
  const recent = ends.filter((at) => at > now - RATE_WINDOW_MS);
  const isCutShort = recent.length === ends.length && recent.length >= RUNS_REMEMBERED;
  const overMs = isCutShort ? Math.max(1_000, now - Math.min(...recent)) : RATE_WINDOW_MS;
  return (recent.length * 1_000) / overMs;
}

/** How many of a deployment's newest runs and boots its measures are taken from. */
export const RUNS_REMEMBERED = 50;
export const BOOTS_REMEMBERED = 10;
