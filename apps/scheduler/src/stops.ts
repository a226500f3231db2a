import type { Logger } from '@hearth/kit';
import type { Bus } from '@hearth/queue';
import type { InstanceRow, Store } from '@hearth/store';
import type { Boots } from './boot.ts';
import type { Clock } from './clock.ts';
import type { Runtimes } from './runtimes.ts';

export interface StopDeps {
  readonly store: Store;
  readonly runtimes: Runtimes;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly boots: Boots;
  /** From the polite signal to SIGKILL. */
  readonly graceMs: number;
}

/** The stops in progress, one per instance. Each runs in the background, from `stopping` to `stopped`. */
export class Stops {
  readonly #deps: StopDeps;
  readonly #running = new Map<string, Promise<void>>();

  constructor(deps: StopDeps) {
    this.#deps = deps;
  }

  /** Ends an instance whose row is `stopping`. A failed stop leaves it there, and the reconciliation begins anew. */
  begin(row: Pick<InstanceRow, 'id' | 'hostId' | 'runtime' | 'address'>): Promise<void> {
    const running = this.#running.get(row.id);
    if (running !== undefined) return running;
    const done = this.#stop(row)
      .catch((error: unknown) => this.#deps.log.warn({ err: error, instanceId: row.id }, 'not stopped; tried again'))
      .finally(() => this.#running.delete(row.id));
    this.#running.set(row.id, done);
    return done;
  }

  /** Resolves when no stop is in progress. */
  async idle(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #stop({ id, address, ...place }: Pick<InstanceRow, 'id' | 'hostId' | 'runtime' | 'address'>): Promise<void> {
    const { store, runtimes, bus, clock, log, boots, graceMs } = this.#deps;
    await boots.giveUp(id);
    await runtimes.of(place).stop(id, { address, graceMs });
    if ((await store.instances.move(id, 'stopping', 'stopped', { at: clock.now() })) === null) return;
    log.info({ instanceId: id }, 'stopped');
    bus.poke('scheduler');
    bus.poke('dispatcher');
  }
}
