import type { Millis } from './time.ts';

/** A run on an instance, from its start to the end of what is billed of it, which is not behind its completion. */
export interface BilledRun {
  readonly startedAt: Millis;
  readonly billedUntil: Millis;
  readonly completedAt: Millis;
}

/** What is known of an instance when its runs were seen in the order of their completion, the latest first. */
export interface RunsAtOnce {
  /** Those that one which is yet to be seen may be beside. */
  readonly open: readonly BilledRun[];
  /** How many were billed at once; exact where it is more than the instance has slots. */
  readonly most: number;
}

/** Takes in the next run of an instance. What starts when this one has completed is beside none that follow, and is forgotten. */
export function withRun(before: RunsAtOnce | undefined, run: BilledRun, slots: number): RunsAtOnce {
  const open = [...openAt(before, run.completedAt), run];
  // As many as there are slots are never too many, whatever they do.
  const now = open.length <= slots ? open.length : mostAtOnce(open);
  return { open, most: Math.max(before?.most ?? 0, now) };
}

/** Those that a run which completes at `at` or sooner may be beside. */
export const openAt = (runs: RunsAtOnce | undefined, at: Millis): readonly BilledRun[] =>
  runs?.open.filter(({ startedAt }) => startedAt < at) ?? [];

/** Just before one of them ends there are the most. One that starts as another ends is not beside it. */
const mostAtOnce = (runs: readonly BilledRun[]): number =>
  Math.max(
    ...runs.map(({ billedUntil: at }) => runs.filter((run) => run.startedAt < at && at <= run.billedUntil).length),
  );
