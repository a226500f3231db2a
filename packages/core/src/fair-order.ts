import type { Demand } from './autoscale.ts';
import { byId } from './instance.ts';
import type { Millis } from './time.ts';

/** An account with predictions that wait for a deployment, as the order of boots sees it. */
export interface Waiter {
  readonly accountId: string;
  readonly weight: number;
  /** Its predictions in flight anywhere. */
  readonly inFlight: number;
}

/** A deployment that wants room. */
export interface Claimant {
  readonly deployment: { readonly id: string };
  readonly demand: Pick<Demand, 'oldestWaitingAt' | 'waiters'>;
}

/** A wait of so long outweighs one prediction in flight, so that nobody is passed over for ever. */
export const WAIT_PER_SHARE_MS = 60_000;

/**
 * Where a deployment stands among those that want room, the lowest first: by what the least served of its waiting accounts
 * has in flight for its weight, less a share for each minute that its oldest has waited. Where nobody waits, last.
 */
export function bootRank({ waiters = [], oldestWaitingAt }: Claimant['demand'], now: Millis): number {
  if (oldestWaitingAt === null) return Infinity;
  const served = waiters.map(({ inFlight, weight }) => inFlight / weight);
  const least = served.length === 0 ? 0 : Math.min(...served);
  return least - (now - oldestWaitingAt) / WAIT_PER_SHARE_MS;
}

/** In the order in which they are to boot. With one account it is the longest wait first. */
export function fairestFirst<Item extends Claimant>(claimants: readonly Item[], now: Millis): Item[] {
  return claimants
    .map((claimant) => ({ claimant, rank: bootRank(claimant.demand, now) }))
    .toSorted((a, b) => (a.rank === b.rank ? byId(a.claimant.deployment, b.claimant.deployment) : a.rank - b.rank))
    .map(({ claimant }) => claimant);
}
