import { BOOTS_REMEMBERED, type Measures, type Millis, measuresOf, RUNS_REMEMBERED, UNMEASURED } from '@hearth/core';
import type { Observation, Store } from '@hearth/store';

/** What runs and boots take changes slowly. */
const KEPT_MS = 10_000;

/**
 * What each deployment's runs and boots took lately, looked up every ten seconds in one query for all that need it. A
 * first prediction that finds nothing up needs none: it costs a boot whatever was measured, and waits for no look-up.
 */
export class MeasuredTimes {
  readonly #store: Store;
  #kept = new Map<string, { readonly measures: Measures; readonly at: Millis; readonly versionId: string }>();

  constructor(store: Store) {
    this.#store = store;
  }

  of(deploymentId: string): Measures {
    return this.#kept.get(deploymentId)?.measures ?? UNMEASURED;
  }

  /** Brings those of a look at the world up to date, and forgets the others. */
  async look({ deployments, instances }: Observation, now: Millis): Promise<void> {
    const served = new Set(instances.map((i) => i.deploymentId));
    const needed = deployments.filter(
      ({ id, slots, demand }) => served.has(id) || demand.waiting + demand.inFlight > slots,
    );
    const versionOf = new Map(needed.map(({ id, versionId }) => [id, versionId]));
    for (const [id, { versionId }] of this.#kept) if (versionOf.get(id) !== versionId) this.#kept.delete(id);

    const due = needed.map(({ id }) => id).filter((id) => (this.#kept.get(id)?.at ?? -Infinity) + KEPT_MS <= now);
    if (due.length === 0) return;
    const work = await this.#store.deployments.recentWork(due, { runs: RUNS_REMEMBERED, boots: BOOTS_REMEMBERED });
    for (const { deploymentId, runs, boots } of work) {
      const versionId = versionOf.get(deploymentId) ?? '';
      this.#kept.set(deploymentId, { measures: measuresOf(runs, boots, now), at: now, versionId });
    }
  }
}
