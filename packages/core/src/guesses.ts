import type { Millis } from './time.ts';

/** How many wrong tries are overlooked, and what more of them cost. */
export interface GuessTerms {
  /** At once, and so many a minute on. */
  readonly burst: number;
  readonly perMinute: number;
  /** The first wait; each one that follows is twice as long, up to the longest. */
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** What is remembered of wrong tries from one place. */
export interface Guesses {
  /** Wrong tries that time has not yet made up for, at `at`. */
  readonly level: number;
  readonly at: Millis;
  /** Waits so far. */
  readonly waits: number;
  /** Nothing from there is looked at as more than a guess before this. */
  readonly until: Millis;
}

const MINUTE_MS = 60_000;

/**
 * What is remembered after another wrong try. It is answered as what it is while `until` is not after `now`; else it is told
 * to wait until then. Tries that come while they are to wait make the wait no longer: clients repeat what is refused.
 */
export function afterWrongGuess(before: Guesses | null, now: Millis, terms: GuessTerms): Guesses {
  const { level, waits, until } = leaked(before, now, terms);
  if (until > now) return { level, at: now, waits, until };
  const next = Math.min(level + 1, terms.burst + 1);
  if (next <= terms.burst) return { level: next, at: now, waits, until };
  const waitMs = Math.min(terms.firstWaitMs * 2 ** waits, terms.longestWaitMs);
  return { level: next, at: now, waits: waits + 1, until: now + waitMs };
}

/** Time makes up for wrong tries, and for the waits once there is none left to make up for. */
function leaked(before: Guesses | null, now: Millis, { perMinute, longestWaitMs }: GuessTerms): Guesses {
  if (before === null) return { level: 0, at: now, waits: 0, until: now };
  // A clock that was put back makes up for nothing, and makes nobody wait for it to come around.
  const passedMs = Math.max(0, now - Math.max(before.at, before.until));
  const level = Math.max(0, before.level - (passedMs / MINUTE_MS) * perMinute);
  const until = Math.min(before.until, now + longestWaitMs);
  return { level, at: now, waits: level === 0 ? 0 : before.waits, until };
}
