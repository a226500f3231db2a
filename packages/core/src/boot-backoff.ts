import type { Failure } from './failure.ts';
import { inWords, type Millis } from './time.ts';

/** The boot failures of a deployment since its last good boot. */
export interface BootFailures {
  /** At least 1. */
  readonly count: number;
  readonly last: Failure;
}

/** What those failures mean for the next boot and for the callers that wait. */
export interface BootBackoff {
  /** No boot starts before this instant. */
  readonly retryAt: Millis;
  /** Waiting predictions created before this instant fail with `failure`; null where nobody does. */
  readonly failWaitingUntil: Millis | null;
  readonly failure: Failure;
}

const CRASH_LOOP_FAILURES = 3;
/** Of what the platform lost: more than a minute of tries, in which an engine or a network comes back. */
const LOST_LOOP_FAILURES = 10;
const FIRST_RETRY_MS = 1_000;
const FIRST_CRASH_LOOP_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 5 * 60_000;

/**
 * When to boot again, and whom to tell. After the n-th failure in a row:
 *
 * | n | n, where the platform lost the instance (`lost`) | next boot after | waiting predictions that fail |
 * |---|---|---|---|
 * | 1, 2 | 1 … 9 | 1 s · 2^(n−1), at most 10 s | those created before the failure; none where it is `lost` |
 * | 3 … | 10 … | 10 s, then twice as long each time, at most 5 min | those created before the next boot, with kind `crash_loop` |
 *
 * A deployment with a ready instance fails nobody: that instance serves them.
 * The reasons are in docs/decisions/0002-boot-failures.md.
 */
export function bootBackoff({ count, last }: BootFailures, hasReadyInstance: boolean): BootBackoff {
  const loopFailures = last.kind === 'lost' ? LOST_LOOP_FAILURES : CRASH_LOOP_FAILURES;
  const crashLoop = count >= loopFailures;
  const waitMs = crashLoop
    ? Math.min(FIRST_CRASH_LOOP_RETRY_MS * 2 ** (count - loopFailures), LONGEST_RETRY_MS)
    : Math.min(FIRST_RETRY_MS * 2 ** (count - 1), FIRST_CRASH_LOOP_RETRY_MS);
  const retryAt = last.at + waitMs;
  if (!crashLoop) {
    const failsNobody = hasReadyInstance || last.kind === 'lost';
    return { retryAt, failWaitingUntil: failsNobody ? null : last.at, failure: last };
  }
  const during = last.phase === null ? '' : ` during ${last.phase}`;
  const message =
    `The last ${count} boots failed; it is tried again ${inWords(waitMs)} after the latest, ` +
    `which was ${last.kind}${during}: ${last.message}`;
  return {
    retryAt,
    failWaitingUntil: hasReadyInstance ? null : retryAt,
    failure: { ...last, kind: 'crash_loop', message },
  };
}

/**
 * Adds a failed boot. Boots that ran side by side count once: they say the same thing about the model, and three of them
 * are not a crash loop. `bootBeganAt` is when the failed boot was placed.
 */
export function withBootFailure(before: BootFailures | null, failure: Failure, bootBeganAt: Millis): BootFailures {
  if (before === null) return { count: 1, last: failure };
  return { count: bootBeganAt < before.last.at ? before.count : before.count + 1, last: failure };
}
