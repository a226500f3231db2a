import { type Action, type Blocked, type Drain, drain, stop } from './actions.ts';
import { Evictables } from './evictables.ts';
import { fairestFirst } from './fair-order.ts';
import { NO_SHAPES } from './fragmentation.ts';
import { grow } from './growth.ts';
import { byId, type Instance, isComing } from './instance.ts';
import { Refusals } from './refusals.ts';
import type { Snapshot } from './snapshot.ts';
import { type Standing, Standings } from './standings.ts';
import { earliest, type Millis } from './time.ts';
import { Views } from './views.ts';

export interface Plan {
  readonly actions: readonly Action[];
  readonly blocked: readonly Blocked[];
  /** How many instances each deployment needed, of those that needed any; for its history. */
  readonly needs: ReadonlyMap<string, number>;
  /** When the plan would change with no new event, always after `now`; null: never. */
  readonly wakeAt: Millis | null;
}

/**
 * What a planner may keep from one cycle to the next, so that a cycle costs what has changed. It decides nothing: with
 * any memory, an empty one too, a snapshot has the same plan.
 */
export class PlanMemory {
  #kept = emptyMemory();

  /** For `planCycle` alone. */
  get kept(): Kept {
    return this.#kept;
  }

  /** Of the last cycle: for how many deployments it was decided again, of how many. */
  get share(): Standings['share'] {
    return this.#kept.standings.share;
  }

  forget(): void {
    this.#kept = emptyMemory();
  }
}

interface Kept {
  readonly views: Views;
  readonly evictables: Evictables;
  readonly standings: Standings;
  readonly refusals: Refusals;
}

function emptyMemory(): Kept {
  const views = new Views();
  const evictables = new Evictables(views);
  return { views, evictables, standings: new Standings(evictables), refusals: new Refusals() };
}

/** Decides one cycle. Pure: the same snapshot and `now` give the same plan, whatever the order of their rows. */
export function planCycle(snapshot: Snapshot, now: Millis, memory: PlanMemory = new PlanMemory()): Plan {
  try {
    return planWith(memory.kept, snapshot, now);
  } catch (error) {
    // It may have seen half of what has changed.
    memory.forget();
    throw error;
  }
}

function planWith({ views, evictables, standings, refusals }: Kept, snapshot: Snapshot, now: Millis): Plan {
  const { hosts, deployments, shapes = NO_SHAPES, lingering = [] } = snapshot;
  const instances = standings.follow(snapshot.instances);
  if (views.open({ hosts, instances, lingering })) refusals.clear();
  evictables.open(now);
  const look = standings.look(deployments, hosts, now);
  const leaving = inTurn(look.leaving, now);
  const held = [...look.orphans, ...leaving.flatMap((standing) => standing.held)].toSorted(byId);

  // 1. Stop what has drained. Only the dispatcher can take work, and it closes intake only once it holds nothing; an
  //    in-flight count beside a closed intake is a row read half-way, so it waits, unhealthy or not.
  const drained = held.filter((i) => i.state === 'draining' && i.intakeClosed && i.inFlight === 0);

  // 2. Drain what must not stay, whether or not anybody needs the room.
  const unwanted = [...removed(look.orphans), ...leaving.flatMap(({ fleet }) => fleet.unwanted)];

  // 3. Drain idle surplus past its keep-alive, but for what the load of the last minute holds back; the rest is
  //    evictable.
  const expired = leaving
    .flatMap(({ surplus }) => surplus)
    .flatMap(({ fleet, expired }) => expired.map((i) => drain(i, 'idle', fleet.stay.why(i))));

  // 4. Boot what demand lacks, the least served and longest waiting first; evict only where nothing fits.
  const goes = new Set([...unwanted, ...expired].map((d) => d.instanceId));
  views.leave(held.filter((i) => goes.has(i.id)));
  const ground = { hosts, shapes, views, evictables, refusals };
  const growth = inTurn(look.lacking, now).map(({ fleet }) => grow(fleet, ground, now));

  return {
    actions: [...drained.map(stop), ...unwanted, ...expired, ...growth.flatMap((g) => g.actions)],
    blocked: growth.flatMap((g) => g.blocked ?? []),
    needs: look.needs,
    wakeAt: earliest([look.wakeAt, ...growth.map((g) => g.wakeAt), ...lingering.map(({ until }) => until)]),
  };
}

const inTurn = (standings: readonly Standing[], now: Millis): readonly Standing[] =>
  fairestFirst(
    standings.map((standing) => ({ standing, deployment: standing.fleet.deployment, demand: standing.fleet.demand })),
    now,
  ).map(({ standing }) => standing);

const removed = (orphans: readonly Instance[]): readonly Drain[] =>
  orphans.filter(isComing).map((i) => drain(i, 'removed', 'Its deployment no longer exists.'));
