import type { Millis } from '@hearth/core';

/** Calls back when the earliest deadline is reached. */
export interface DeadlineTimer {
  /** Replaces what was armed before. An instant that is past arms nothing: its caller has just looked. */
  arm(at: Millis | null): void;
  close(): void;
}

/**
 * When to look for what is due, or null: no more. `lookedAt`: when that was last done, up to which it was met. What came
 * due since then was not, and wants a look at once.
 */
export function nextLookAt(deadline: Millis | null, lookedAt: Millis, now: Millis): Millis | null {
  if (deadline === null || deadline <= lookedAt) return null;
  return Math.max(deadline, now + 1);
}

/** Node fires at once for a longer delay; a timer that fires early only makes its caller look. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

export function createDeadlineTimer(now: () => Millis, onDue: () => void): DeadlineTimer {
  let timer: NodeJS.Timeout | undefined;
  return {
    arm(at) {
      clearTimeout(timer);
      const delayMs = at === null ? 0 : at - now();
      if (delayMs > 0) timer = setTimeout(onDue, Math.min(delayMs, MAX_TIMER_MS));
    },
    close: () => clearTimeout(timer),
  };
}
