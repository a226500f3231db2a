import type { Evictables, Idle } from './evictables.ts';
import { drainingHosts, type Fleet, fleetOf, type Surplus, surplusOf } from './fleet.ts';
import { lacks } from './growth.ts';
import { byId, holdsResources, type Instance } from './instance.ts';
import type { Host } from './resources.ts';
import { type Change, Rows, saysTheSame } from './rows.ts';
import type { Deployment } from './snapshot.ts';
import { earliest, type Millis } from './time.ts';
import { Timers } from './timers.ts';

/** What one deployment is found to be by its own rows alone, whatever room there is. */
export interface Standing {
  readonly held: readonly Instance[];
  readonly fleet: Fleet;
  readonly surplus: readonly Surplus[];
  /** It may have to boot, or to say why it cannot. */
  readonly lacks: boolean;
  /** When the plan for it would change with no new event; null: never. */
  readonly wakeAt: Millis | null;
  /** Until then it stands as it does, unless its rows change; -Infinity: something leaves, so it is looked at again. */
  readonly until: Millis;
  readonly idle: readonly Idle[];
}

export function standingOf(
  deployment: Deployment,
  held: readonly Instance[],
  now: Millis,
  leaving: ReadonlySet<string>,
): Standing {
  const fleet = fleetOf(deployment, held, now, leaving);
  const surplus = surplusOf(fleet, now);
  const { expected } = fleet.stay;
  const wakeAt = earliest([
    ...surplus.map((s) => s.nextExpiryAt),
    fleet.sizing.growsAt,
    expected !== null && expected.bootAt > now ? expected.bootAt : null,
  ]);
  const isLeft =
    held.some((i) => i.state === 'draining') || fleet.unwanted.length > 0 || surplus.some((s) => s.expired.length > 0);
  return {
    held,
    fleet,
    surplus,
    lacks: lacks(fleet, now),
    wakeAt,
    until: isLeft ? -Infinity : Math.min(wakeAt ?? Infinity, expected?.until ?? Infinity),
    idle: surplus.flatMap(({ spare }) => spare.map((instance) => ({ instance, deployment }))),
  };
}

/**
 * Whether what a deployment's row says now makes no difference to how it stands: the rate of its runs while nothing
 * waits, and what it needed lately while no keep-alive has ended. Most rows that change between two cycles change so.
 */
function isMoot({ fleet: { deployment: before }, surplus }: Standing, after: Deployment): boolean {
  const { runsPerSecond } = after.measures;
  const measures = after.demand.waiting > 0 ? before.measures : { ...before.measures, runsPerSecond };
  const hasEnded = surplus.some(({ expired, held }) => expired.length + held.length > 0);
  return saysTheSame({ ...before, measures, history: hasEnded ? before.history : after.history }, after);
}

/** What a cycle has to look at. */
export interface Look {
  /** Those of which something leaves. */
  readonly leaving: readonly Standing[];
  /** Those that lack something. */
  readonly lacking: readonly Standing[];
  /** By id, the instances of deployments that are not there any more. */
  readonly orphans: readonly Instance[];
  /** How many instances each deployment needs, of those that need any. */
  readonly needs: ReadonlyMap<string, number>;
  /** When one of those that stay as they are would not. */
  readonly wakeAt: Millis | null;
}

/**
 * How each deployment stands. From one cycle to the next only those are looked at again whose rows have changed, or whose
 * time has come.
 */
export class Standings {
  readonly #evictables: Evictables;
  readonly #deployments = new Rows<Deployment>();
  readonly #instances = new Rows<Instance>();
  /** By deployment, in order of their ids. */
  readonly #held = new Map<string, readonly Instance[]>();
  readonly #standings = new Map<string, Standing>();
  readonly #leftBy = new Map<string, Standing>();
  readonly #lacking = new Map<string, Standing>();
  readonly #needs = new Map<string, number>();
  readonly #until = new Timers();
  readonly #wakeAt = new Timers();
  readonly #orphaned = new Set<string>();
  readonly #touched = new Set<string>();
  #leaving: ReadonlySet<string> = new Set();
  #decided = 0;

  constructor(evictables: Evictables) {
    this.#evictables = evictables;
  }

  /** How many were looked at again in the last cycle, and how many there are. */
  get share(): { readonly decided: number; readonly of: number } {
    return { decided: this.#decided, of: this.#standings.size };
  }

  /** Follows the instances; answers what has changed of those that hold resources. */
  follow(instances: readonly Instance[]): readonly Change<Instance>[] {
    const holding = (i: Instance | null): Instance | null => (i !== null && holdsResources(i) ? i : null);
    const changes = this.#instances
      .changes(instances)
      .map(({ before, after }) => ({ before: holding(before), after: holding(after) }))
      .filter(({ before, after }) => before !== null || after !== null);
    for (const { before, after } of changes) {
      if (before !== null) this.#replace(before, before.deploymentId === after?.deploymentId ? after : null);
      if (after !== null && after.deploymentId !== before?.deploymentId) this.#replace(after, after);
    }
    return changes;
  }

  look(deployments: readonly Deployment[], hosts: readonly Host[], now: Millis): Look {
    for (const { before, after } of this.#deployments.changes(deployments)) {
      const id = (after ?? before)?.id ?? '';
      const standing = this.#standings.get(id);
      if (after === null || standing === undefined || !isMoot(standing, after)) this.#touched.add(id);
    }
    const leaving = drainingHosts(hosts);
    if (!saysTheSame([...leaving].toSorted(), [...this.#leaving].toSorted())) {
      for (const id of this.#standings.keys()) this.#touched.add(id);
      this.#leaving = leaving;
    }
    for (const id of this.#until.due(now)) this.#touched.add(id);
    for (const id of this.#touched) this.#decide(id, now);
    this.#decided = this.#touched.size;
    this.#touched.clear();
    const wakeAt = this.#wakeAt.next;
    return {
      leaving: [...this.#leftBy.values()],
      lacking: [...this.#lacking.values()],
      orphans: [...this.#orphaned].flatMap((id) => this.#held.get(id) ?? []).toSorted(byId),
      needs: new Map(this.#needs),
      wakeAt: wakeAt === Infinity ? null : wakeAt,
    };
  }

  #decide(id: string, now: Millis): void {
    const deployment = this.#deployments.get(id);
    const held = this.#held.get(id) ?? [];
    const before = this.#standings.get(id);
    const after = deployment === undefined ? null : standingOf(deployment, held, now, this.#leaving);
    this.#evictables.replace(before?.idle ?? [], after?.idle ?? []);
    if (after === null && held.length > 0) this.#orphaned.add(id);
    else this.#orphaned.delete(id);
    if (after === null) {
      for (const kept of [this.#standings, this.#leftBy, this.#lacking, this.#needs, this.#until, this.#wakeAt])
        kept.delete(id);
      return;
    }
    this.#standings.set(id, after);
    this.#until.set(id, after.until);
    this.#wakeAt.set(id, after.wakeAt ?? Infinity);
    if (after.until === -Infinity) this.#leftBy.set(id, after);
    else this.#leftBy.delete(id);
    if (after.lacks) this.#lacking.set(id, after);
    else this.#lacking.delete(id);
    const { needed } = after.fleet.sizing;
    if (needed > 0) this.#needs.set(id, needed);
    else this.#needs.delete(id);
  }

  /** Puts an instance, or nothing, where one with its id was among those of its deployment. */
  #replace({ id, deploymentId }: Instance, by: Instance | null): void {
    const before = this.#held.get(deploymentId) ?? [];
    const others = before.filter((other) => other.id !== id);
    const held = by === null ? others : [...others, by].toSorted(byId);
    if (held.length === 0) this.#held.delete(deploymentId);
    else this.#held.set(deploymentId, held);
    this.#touched.add(deploymentId);
  }
}
