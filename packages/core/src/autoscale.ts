import { type Instance, longestIdleFirst } from './instance.ts';
import type { Millis } from './time.ts';

/** How far a deployment may scale, and how long it stays warm. The API checks these before they are stored. */
export interface ScalePolicy {
  /** Instances kept with no demand at all; at most `maxInstances`. */
  readonly minInstances: number;
  /** 0 switches the deployment off: what runs is drained, and nothing boots. */
  readonly maxInstances: number;
  /** Predictions that one instance runs at a time; at least 1. */
  readonly slotsPerInstance: number;
  /** How long an instance that nobody needs stays. */
  readonly keepAliveMs: number;
}

/** What a deployment is asked for at this moment. */
export interface Demand {
  /** Predictions in the queue. */
  readonly waiting: number;
  /** Predictions that any of its instances holds, those that are leaving included. */
  readonly inFlight: number;
  readonly oldestWaitingAt: Millis | null;
}

/** How many instances the predictions alone would fill, before minimum and maximum. */
export const filledInstances = (demand: Demand, policy: ScalePolicy): number =>
  Math.ceil((demand.waiting + demand.inFlight) / policy.slotsPerInstance);

/** How many instances there must be right now, before keep-alive holds any back. The maximum wins over the minimum. */
export const neededInstances = (demand: Demand, policy: ScalePolicy): number =>
  Math.min(Math.max(filledInstances(demand, policy), policy.minInstances), policy.maxInstances);

/**
 * The instances above a maximum that was lowered: those still booting first, then the least loaded, then the longest
 * idle. Busy ones are among them, because under steady load none would ever be idle; a drain lets them finish.
 */
export function beyondMaximum(coming: readonly Instance[], maxInstances: number): readonly Instance[] {
  const excess = coming.length - maxInstances;
  if (excess <= 0) return [];
  const readiness = (i: Instance) => (i.state === 'booting' ? 0 : 1);
  return coming
    .toSorted((a, b) => readiness(a) - readiness(b) || a.inFlight - b.inFlight || longestIdleFirst(a, b))
    .slice(0, excess);
}
