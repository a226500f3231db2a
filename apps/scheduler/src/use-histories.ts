import {
  expectsUse,
  type Millis,
  NO_POOLED_GAPS,
  NO_USE,
  type PooledGaps,
  seeUse,
  storable,
  type UseHistory,
  withBoot,
} from '@hearth/core';
import type { Observation, Store } from '@hearth/store';
import type { MeasuredTimes } from './measured-times.ts';

/** A crash forgets at most what was learned in this time. */
const SAVE_EVERY_MS = 30_000;

/**
 * How deployments are used, as learned look by look and kept in the store, so that the next scheduler goes on from it.
 * What expects a use is written at once: the store's answer to the next look has to have that deployment in it.
 */
export class UseHistories {
  readonly #store: Store;
  readonly #histories = new Map<string, UseHistory>();
  readonly #expecting = new Set<string>();
  readonly #unsaved = new Set<string>();
  #pooled: PooledGaps = NO_POOLED_GAPS;
  #savedAt: Millis;
  #isUrgent = false;

  private constructor(store: Store, now: Millis) {
    this.#store = store;
    this.#savedAt = now;
  }

  /** Knows from the first look on what the scheduler before it knew. */
  static async open(store: Store, now: Millis): Promise<UseHistories> {
    const opened = new UseHistories(store, now);
    const { rows, pooled } = await store.uses.load();
    for (const { deploymentId, history, expects } of rows) {
      opened.#histories.set(deploymentId, history);
      if (expects) opened.#expecting.add(deploymentId);
    }
    if (pooled !== null) opened.#pooled = pooled;
    return opened;
  }

  of(deploymentId: string): UseHistory {
    return this.#histories.get(deploymentId) ?? NO_USE;
  }

  /** Learns from one look at the world, and from what boots were measured to take. */
  look({ deployments, instances }: Observation, times: Pick<MeasuredTimes, 'of'>, now: Millis): void {
    const instancesOf = Map.groupBy(instances, (i) => i.deploymentId);
    for (const { id, demand, keepAlive } of deployments) {
      const own = instancesOf.get(id) ?? [];
      const before = this.of(id);
      const used = own.flatMap(({ lastUsedAt }) => lastUsedAt ?? []);
      const seen = {
        unfinished: demand.waiting + demand.inFlight,
        oldestWaitingAt: demand.oldestWaitingAt,
        lastUsedAt: used.length === 0 ? null : Math.max(...used),
      };
      const { boots } = times.of(id);
      const history = boots === null ? before : withBoot(before, boots.p50Ms);
      const learned = seeUse({ history, pooled: this.#pooled }, seen, now);
      this.#pooled = learned.pooled;
      this.#note(id, before, learned.history, keepAlive.kind === 'auto' && expectsUse(learned.history, now));
    }
  }

  /** Writes what is new, every half minute or where it cannot wait. */
  async save(now: Millis): Promise<void> {
    if (this.#unsaved.size === 0) return;
    if (this.#isUrgent || now - this.#savedAt >= SAVE_EVERY_MS) await this.flush(now);
  }

  async flush(now: Millis): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const ids = [...this.#unsaved];
    const rows = ids.map((id) => ({
      deploymentId: id,
      history: storable(this.of(id)),
      expects: this.#expecting.has(id),
    }));
    await this.#store.uses.save(rows, this.#pooled);
    for (const id of ids) this.#unsaved.delete(id);
    this.#isUrgent = false;
    this.#savedAt = now;
  }

  #note(id: string, before: UseHistory, after: UseHistory, expects: boolean): void {
    if (expects !== this.#expecting.has(id)) {
      if (expects) this.#expecting.add(id);
      else this.#expecting.delete(id);
      this.#isUrgent = true;
    } else if (after === before) return;
    // The instant that the next use is awaited from is part of it.
    if (expects) this.#isUrgent = true;
    this.#histories.set(id, after);
    this.#unsaved.add(id);
  }
}
