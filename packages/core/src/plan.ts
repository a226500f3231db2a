import { type Action, type Blocked, type Drain, drain, stop } from './actions.ts';
import { Evictables } from './evictables.ts';
import { spareOf } from './eviction-order.ts';
import { fairestFirst } from './fair-order.ts';
import { drainingHosts, fleetOf, surplusOf } from './fleet.ts';
import { grow } from './growth.ts';
import { byId, holdsResources, type Instance, isComing, isLeaving } from './instance.ts';
import { RoomMemory } from './room-memory.ts';
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

/**
 * What a planner may keep from one cycle to the next, so that a cycle costs what has changed. It decides nothing: with
 * any memory, an empty one too, a snapshot has the same plan.
 */
export class PlanMemory {
  readonly room = new RoomMemory();
}

/** Decides one cycle. Pure: the same snapshot and `now` give the same plan, whatever the order of their rows. */
export function planCycle(snapshot: Snapshot, now: Millis, memory: PlanMemory = new PlanMemory()): Plan {
  const held = snapshot.instances.filter(holdsResources).toSorted(byId);
  const heldBy = Map.groupBy(held, (i) => i.deploymentId);
  const leaving = drainingHosts(snapshot.hosts);
  const fleets = fairestFirst(
    snapshot.deployments.map((d) => fleetOf(d, heldBy.get(d.id) ?? [], now, leaving)),
    now,
  );

  // 1. Stop what has drained. Only the dispatcher can take work, and it closes intake only once it holds nothing; an
  //    in-flight count beside a closed intake is a row read half-way, so it waits, unhealthy or not.
  const drained = held.filter((i) => i.state === 'draining' && i.intakeClosed && i.inFlight === 0);

  // 2. Drain what must not stay, whether or not anybody needs the room.
  const unwanted = [...removed(heldBy, snapshot.deployments), ...fleets.flatMap((fleet) => fleet.unwanted)];

  // 3. Drain idle surplus past its keep-alive, but for what the load of the last minute holds back; remember the rest as
  //    evictable.
  const surplus = fleets.flatMap((fleet) => surplusOf(fleet, now));
  const expired = surplus.flatMap(({ fleet, expired }) => expired.map((i) => drain(i, 'idle', fleet.stay.why(i))));

  // 4. Boot what demand lacks, the least served and longest waiting first; evict only where nothing fits.
  const draining = new Set([...unwanted, ...expired].map((d) => d.instanceId));
  const views = new Views(
    snapshot.hosts,
    [...held, ...(snapshot.lingering ?? [])],
    held.filter((i) => !isLeaving(i) && !draining.has(i.id)),
    memory.room,
  );
  const evictables = new Evictables(views, memory.room, () =>
    surplus.flatMap(({ fleet: { deployment }, spare }) =>
      spare.map((i) => spareOf(i, deployment.policy.keepAlive, deployment.use, now)),
    ),
  );
  const growth = fleets.map((fleet) => grow(fleet, snapshot, views, evictables, now));

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

function removed(
  heldBy: ReadonlyMap<string, readonly Instance[]>,
  deployments: readonly Deployment[],
): readonly Drain[] {
  const known = new Set(deployments.map((d) => d.id));
  return [...heldBy]
    .flatMap(([id, held]) => (known.has(id) ? [] : held.filter(isComing)))
    .toSorted(byId)
    .map((i) => drain(i, 'removed', 'Its deployment no longer exists.'));
}
