import type { Millis } from './time.ts';

/** An account with predictions that wait for a deployment, as the order of boots sees it. */
export interface Waiter {
  readonly accountId: string;
  readonly weight: number;
  /** Its predictions in flight anywhere. */
  readonly inFlight: number;
}

/** A deployment that has to boot. */
export interface Claimant {
  readonly id: string;
  /** Whose predictions wait for it; empty: nobody's do, or it is not known whose. */
  readonly waiters: readonly Waiter[];
  readonly oldestWaitingAt: Millis | null;
}

/** A wait of so long outweighs one prediction more in flight, so that nobody is passed over for ever. */
export const WAIT_PER_SHARE_MS = 60_000;

/**
 * Where a deployment stands among those that want room, the lowest first: by what the least served of its waiting accounts
 * has in flight for its weight, less a share for each minute that its oldest has waited. Where nobody waits, last.
 */
export function bootRank({ waiters, oldestWaitingAt }: Omit<Claimant, 'id'>, now: Millis): number {
  if (oldestWaitingAt === null) return Infinity;
  const served = waiters.map(({ inFlight, weight }) => inFlight / weight);
  const least = served.length === 0 ? 0 : Math.min(...served);
  return least - (now - oldestWaitingAt) / WAIT_PER_SHARE_MS;
}

/** Orders deployments by who is to boot first. With one account it is the longest wait first. */
export function fairestFirst(now: Millis): (a: Claimant, b: Claimant) => number {
  return (a, b) => {
    const [ranksA, ranksB] = [bootRank(a, now), bootRank(b, now)];
    if (ranksA !== ranksB) return ranksA - ranksB;
    return a.id < b.id ? -1 : Number(a.id > b.id);
  };
}
