import type { Millis } from '@hearth/core';
import type { Observation } from '@hearth/store';

/**
 * The dispatcher says when an instance was last used in a write of its own, up to a tenth of a second after it wrote the
 * end of a run. A look in between sees an instance that was last used when that run began: where the run outlasted the
 * keep-alive, it would be drained at once. What was seen to run something was in use until then.
 */
export class SeenUses {
  #busyAt: ReadonlyMap<string, Millis> = new Map();

  look(instances: Observation['instances'], now: Millis): Observation['instances'] {
    const busyAt = new Map<string, Millis>();
    const told = instances.map((instance) => {
      const at = instance.inFlight > 0 ? now : this.#busyAt.get(instance.id);
      if (at === undefined) return instance;
      busyAt.set(instance.id, at);
      return instance.inFlight > 0 || (instance.lastUsedAt ?? 0) >= at ? instance : { ...instance, lastUsedAt: at };
    });
    this.#busyAt = busyAt;
    return told;
  }
}
