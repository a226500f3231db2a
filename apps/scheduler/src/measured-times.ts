import { BOOTS_REMEMBERED, type Measures, type Millis, measuresOf, RUNS_REMEMBERED, UNMEASURED } from '@hearth/core';
import type { Observation, Store } from '@hearth/store';

/** What runs and boots take changes slowly. */
const KEPT_MS = 10_000;

interface Kept {
  readonly measures: Measures;
  readonly at: Millis;
  /** The version and the hardware that it was measured on. */
  readonly release: string;
}

/**
 * Whether a deployment is to be measured again. Not where nothing was in use since it was: of ten thousand that stand by,
 * nobody looks through the past every ten seconds. `activeAt`: when one of its instances last took or ended a prediction
 * or came up; what belongs to that may be recorded a little later.
 */
export function isDue(kept: Pick<Kept, 'measures' | 'at'> | null, activeAt: Millis, now: Millis): boolean {
  if (kept === null) return true;
  if (kept.at + KEPT_MS > now) return false;
  return activeAt + KEPT_MS > kept.at || kept.measures.runsPerSecond > 0;
}

/**
 * What each deployment's runs and boots took lately, looked up every ten seconds in one query for all that are in use. A
 * first prediction that finds nothing up needs none: it costs a boot whatever was measured, and waits for no look-up.
 */
export class MeasuredTimes {
  readonly #store: Store;
  readonly #kept = new Map<string, Kept>();

  constructor(store: Store) {
    this.#store = store;
  }

  of(deploymentId: string): Measures {
    return this.#kept.get(deploymentId)?.measures ?? UNMEASURED;
  }

  /** Brings those of a look at the world up to date, and forgets the others. */
  async look({ deployments, instances }: Observation, now: Millis): Promise<void> {
    const activeAt = new Map<string, Millis>();
    for (const { deploymentId, lastUsedAt, since } of instances) {
      const at = Math.max(lastUsedAt ?? since, since);
      activeAt.set(deploymentId, Math.max(activeAt.get(deploymentId) ?? at, at));
    }
    const needed = deployments.filter(
      ({ id, slots, demand }) => activeAt.has(id) || demand.waiting + demand.inFlight > slots,
    );
    const releaseOf = new Map(needed.map(({ id, versionId, hardwareSku }) => [id, `${versionId} ${hardwareSku}`]));
    for (const [id, { release }] of this.#kept) if (releaseOf.get(id) !== release) this.#kept.delete(id);

    const due = needed
      .filter(({ id, demand: { waiting, inFlight } }) => {
        const active = waiting + inFlight > 0 ? now : (activeAt.get(id) ?? now);
        return isDue(this.#kept.get(id) ?? null, active, now);
      })
      .map(({ id }) => id);
    if (due.length === 0) return;
    const work = await this.#store.deployments.recentWork(due, { runs: RUNS_REMEMBERED, boots: BOOTS_REMEMBERED });
    for (const { deploymentId, runs, boots } of work) {
      const release = releaseOf.get(deploymentId) ?? '';
      this.#kept.set(deploymentId, { measures: measuresOf(runs, boots, now), at: now, release });
    }
  }
}
