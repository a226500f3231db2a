import { type Instance, idleSince, longestIdleFirst } from './instance.ts';
import type { Millis } from './time.ts';

export interface IdleSurplus {
  /** Idle for the whole keep-alive: to be drained now. */
  readonly expired: readonly Instance[];
  /** Idle and not needed, but inside keep-alive: stays, and is evicted first where others need the room. */
  readonly spare: readonly Instance[];
  /** When the next of `spare` expires; null where there is none. Always after `now`. */
  readonly nextExpiryAt: Millis | null;
}

/**
 * The idle instances beyond what is needed, longest idle first.
 *
 * Only ready ones are counted, on both sides: keep-alive never runs while an instance boots, and one that still boots
 * is no reason to let a warm one go. An instance that was never used is idle since it became ready, not since 1970.
 */
export function idleSurplus(ready: readonly Instance[], needed: number, keepAliveMs: number, now: Millis): IdleSurplus {
  const surplus = ready
    .filter((i) => i.state === 'ready' && i.inFlight === 0)
    .toSorted(longestIdleFirst)
    .slice(0, Math.max(0, ready.length - needed));
  const expiresAt = (i: Instance): Millis => idleSince(i) + keepAliveMs;
  const spare = surplus.filter((i) => expiresAt(i) > now);
  return {
    expired: surplus.filter((i) => expiresAt(i) <= now),
    spare,
    // Sorted by idleSince with one keep-alive for all: the first spare one is the next to expire.
    nextExpiryAt: spare[0] === undefined ? null : expiresAt(spare[0]),
  };
}
