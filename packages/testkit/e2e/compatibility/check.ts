import type { World } from './world.ts';

/** One way of calling one method of the official JavaScript client, and what must come of it. */
export interface Check {
  /** As one writes it behind `replicate.`: `predictions.create`. */
  readonly method: string;
  /** What sets this call apart, in the words of the table. */
  readonly how: string;
  /** The requests that it makes; empty where it makes none. */
  readonly http: string;
  /** @throws what expect throws */
  readonly holds: (world: World) => Promise<void>;
}

/** Every method that the client has, found by walking it: a new one without a check is noticed. */
export function methodsOf(client: object): readonly string[] {
  const own = Object.getOwnPropertyNames(Object.getPrototypeOf(client)).filter((name) => name !== 'constructor');
  return [...own, ...boundMethods(client as Record<string, unknown>, '')].toSorted();
}

function boundMethods(part: Readonly<Record<string, unknown>>, path: string): string[] {
  return Object.entries(part).flatMap(([name, value]) => {
    if (typeof value === 'function') return name === 'fetch' ? [] : [path + name];
    if (typeof value !== 'object' || value === null) return [];
    return boundMethods(value as Record<string, unknown>, `${path}${name}.`);
  });
}
