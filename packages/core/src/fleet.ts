import { type Drain, drain } from './actions.ts';
import { beyondMaximum, type Demand, type Sizing, sizeFor } from './autoscale.ts';
import { type Instance, isComing } from './instance.ts';
import { type IdleSurplus, idleSurplus, type Stay, stayOf } from './keep-alive.ts';
import type { Host } from './resources.ts';
import { isStale, retiring } from './rollout.ts';
import { type Hold, holdBack, NO_HOLD } from './scale-in.ts';
import type { Deployment } from './snapshot.ts';
import { earliest, type Millis } from './time.ts';

/** One deployment and its instances, sorted by what they are good for. */
export interface Fleet {
  readonly deployment: Deployment;
  /** Ready, healthy, of the current release, within the maximum: with `booting`, its capacity. */
  readonly ready: readonly Instance[];
  readonly booting: readonly Instance[];
  /** Ready, healthy, of an earlier release or on a host that is being drained: serving on until fresh ones take over. */
  readonly serving: readonly Instance[];
  readonly unwanted: readonly Drain[];
  /** Demand less what instances that are leaving already will finish by themselves. */
  readonly demand: Demand;
  readonly sizing: Sizing;
  readonly stay: Stay;
}

export const drainingHosts = (hosts: readonly Host[]): ReadonlySet<string> =>
  new Set(hosts.filter((h) => h.draining).map((h) => h.id));

/** `leaving`: hosts that are being drained. What runs there is replaced as a release is: first elsewhere, then it goes. */
export function fleetOf(
  deployment: Deployment,
  held: readonly Instance[],
  now: Millis,
  leaving: ReadonlySet<string>,
): Fleet {
  const own = held.filter((i) => i.deploymentId === deployment.id);
  const coming = own.filter(isComing);
  const healthy = coming.filter((i) => i.unhealthy === null);
  const isFresh = (i: Instance): boolean => !isStale(i, deployment) && !leaving.has(i.hostId);
  const stale = healthy.filter((i) => !isFresh(i));
  const fresh = healthy.filter(isFresh);

  // The maximum bounds each release by itself: while one takes over from the other there may be twice as many.
  const { maxInstances } = deployment.policy;
  const excess = [...beyondMaximum(fresh, maxInstances), ...beyondMaximum(stale, maxInstances)];
  const within = (i: Instance): boolean => !excess.includes(i);
  const capacity = fresh.filter(within);
  const earlier = stale.filter(within);

  const finishing = own.filter((i) => !earlier.includes(i) && !capacity.includes(i));
  const heldByThem = finishing.reduce((sum, i) => sum + i.inFlight, 0);
  const demand = { ...deployment.demand, inFlight: Math.max(0, deployment.demand.inFlight - heldByThem) };
  const ready = capacity.filter((i) => i.state === 'ready');
  const sizing = sizeFor(demand, deployment, ready, now);
  const retired = retiring(earlier, capacity, sizing.needed);
  return {
    deployment,
    ready,
    booting: capacity.filter((i) => i.state === 'booting'),
    serving: earlier.filter((i) => !retired.includes(i)),
    unwanted: [
      ...coming.flatMap((i) => (i.unhealthy === null ? [] : drain(i, 'unhealthy', i.unhealthy))),
      ...retired.map((i) => (isStale(i, deployment) ? drain(i, 'stale', STALE) : drainWithHost(i))),
      ...excess.map((i) => drain(i, 'over-max', `The maximum is ${maxInstances} now.`)),
    ],
    demand,
    sizing,
    stay: stayOf(deployment.policy.keepAlive, deployment.use, now),
  };
}

const STALE = 'Its deployment has moved to another version or other hardware.';

export const drainWithHost = (i: Instance): Drain => drain(i, 'host-drained', `Its host ${i.hostId} is being drained.`);

/** Idle instances of one release of a fleet that nobody needs. */
export interface Surplus extends IdleSurplus {
  readonly fleet: Fleet;
  /** Of `spare`: those whose keep-alive has ended, while the load of the last minute holds them back. */
  readonly held: readonly Instance[];
  readonly hold: Hold;
}

/** The idle surplus of each release of a fleet. Of the current one the longest idle go first, down to what is held back. */
export function surplusOf(fleet: Fleet, now: Millis): readonly [current: Surplus, earlier: Surplus] {
  const { deployment, ready, serving, sizing, stay } = fleet;
  const hold = holdBack(ready, deployment.history, now);
  const idle = idleSurplus(ready, sizing.needed, stay, now);
  const expired = idle.expired.slice(0, Math.max(0, ready.length - hold.instances));
  const held = idle.expired.slice(expired.length);
  const nextExpiryAt = earliest([held.length === 0 ? null : hold.until, idle.nextExpiryAt]);
  return [
    { fleet, expired, held, hold, spare: [...held, ...idle.spare], nextExpiryAt },
    { fleet, held: [], hold: NO_HOLD, ...idleSurplus(serving, sizing.needed - ready.length, stay, now) },
  ];
}
