import { type Action, type Blocked, type Drain, drain, stop } from './actions.ts';
import { spareOf } from './eviction-order.ts';
import { fairestFirst } from './fair-order.ts';
import { drainingHosts, fleetOf, surplusOf } from './fleet.ts';
import { grow } from './growth.ts';
import { byId, holdsResources, type Instance, isComing, isLeaving } from './instance.ts';
import type { Deployment, Snapshot } from './snapshot.ts';
import { earliest, type Millis } from './time.ts';
import { Views } from './views.ts';

export interface Plan {
  readonly actions: readonly Action[];
  readonly blocked: readonly Blocked[];
  /** How many instances each deployment needed, for its history. */
  readonly needs: ReadonlyMap<string, number>;
  /** When the plan would change with no new event, always after `now`; null: never. */
  readonly wakeAt: Millis | null;
}

/** Decides one cycle. Pure: the same snapshot and `now` give the same plan, whatever the order of their rows. */
export function planCycle(snapshot: Snapshot, now: Millis): Plan {
  const held = snapshot.instances.filter(holdsResources).toSorted(byId);
  const leaving = drainingHosts(snapshot.hosts);
  const fleets = fairestFirst(
    snapshot.deployments.map((d) => fleetOf(d, held, now, leaving)),
    now,
  );

  // 1. Stop what has drained. Only the dispatcher can take work, and it closes intake only once it holds nothing; an
  //    in-flight count beside a closed intake is a row read half-way, so it waits, unhealthy or not.
  const drained = held.filter((i) => i.state === 'draining' && i.intakeClosed && i.inFlight === 0);

  // 2. Drain what must not stay, whether or not anybody needs the room.
  const unwanted = [...removed(held, snapshot.deployments), ...fleets.flatMap((fleet) => fleet.unwanted)];

  // 3. Drain idle surplus past its keep-alive, but for what the load of the last minute holds back; remember the rest as
  //    evictable.
  const surplus = fleets.flatMap((fleet) => surplusOf(fleet, now));
  const expired = surplus.flatMap(({ fleet, expired }) => expired.map((i) => drain(i, 'idle', fleet.stay.why(i))));

  // 4. Boot what demand lacks, the least served and longest waiting first; evict only where nothing fits.
  const draining = new Set([...unwanted, ...expired].map((d) => d.instanceId));
  const views = new Views(
    [...held, ...(snapshot.lingering ?? [])],
    held.filter((i) => !isLeaving(i) && !draining.has(i.id)),
  );
  const spare = surplus.flatMap(({ fleet: { deployment }, spare }) =>
    spare.map((i) => spareOf(i, deployment.policy.keepAlive, deployment.use, now)),
  );
  const growth = fleets.map((fleet) => grow(fleet, snapshot, views, spare, now));

  return {
    actions: [...drained.map(stop), ...unwanted, ...expired, ...growth.flatMap((g) => g.actions)],
    blocked: growth.flatMap((g) => g.blocked ?? []),
    needs: new Map(fleets.map(({ deployment, sizing }) => [deployment.id, sizing.needed])),
    wakeAt: earliest([
      ...surplus.map((s) => s.nextExpiryAt),
      ...fleets.map((fleet) => fleet.sizing.growsAt),
      ...fleets.map(({ stay: { expected } }) => (expected !== null && expected.bootAt > now ? expected.bootAt : null)),
      ...growth.map((g) => g.wakeAt),
      ...(snapshot.lingering ?? []).map(({ until }) => until),
    ]),
  };
}

const removed = (held: readonly Instance[], deployments: readonly Deployment[]): readonly Drain[] =>
  held
    .filter((i) => isComing(i) && !deployments.some((d) => d.id === i.deploymentId))
    .map((i) => drain(i, 'removed', 'Its deployment no longer exists.'));
