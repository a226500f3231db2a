import type { Instance } from './instance.ts';

/** How a deployment feels to the next caller. Derived, never stored. */
export type Temperature = 'cold' | 'booting' | 'warm' | 'busy';

/**
 * | ready instances | | |
 * |---|---|---|
 * | none | none is booting | `cold`: the next prediction waits for a whole boot |
 * | none | one is booting | `booting`: it waits for the rest of a boot |
 * | some | a slot is free | `warm`: it runs at once |
 * | some | every slot is in use | `busy`: it waits for a slot, or for one more boot |
 *
 * Draining and unhealthy instances take nothing new, so they are not counted. During a rollout instances of both
 * releases take work, each with the slots that its own version has.
 */
export function temperature(
  instances: readonly (Pick<Instance, 'state' | 'inFlight' | 'unhealthy'> & { readonly slots: number })[],
): Temperature {
  const healthy = instances.filter((i) => i.unhealthy === null);
  const ready = healthy.filter((i) => i.state === 'ready');
  if (ready.length === 0) return healthy.some((i) => i.state === 'booting') ? 'booting' : 'cold';
  return ready.some((i) => i.inFlight < i.slots) ? 'warm' : 'busy';
}
