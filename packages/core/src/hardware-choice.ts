import { type Eviction, evictionFor } from './eviction.ts';
import type { Free } from './free.ts';
import type { Instance } from './instance.ts';
import { type Place, type Preferences, place } from './placement.ts';
import type { Host, Need } from './resources.ts';

/** One of the SKUs that a deployment may run on, and what an instance needs there. */
export interface HardwareChoice {
  readonly sku: string;
  readonly need: Need;
}

/** In order of preference. */
export const choicesOf = (deployment: {
  readonly hardwareSku: string;
  readonly need: Need;
  readonly fallback?: readonly HardwareChoice[];
}): readonly HardwareChoice[] => [
  { sku: deployment.hardwareSku, need: deployment.need },
  ...(deployment.fallback ?? []),
];

/** Where one of the choices fits, and which. */
export interface Found extends Place {
  readonly choice: HardwareChoice;
}

/** The first choice that fits now, and where: a fallback that is free beats a preference that is full. */
export function placeFirst(
  hosts: readonly Host[],
  free: Free,
  choices: readonly HardwareChoice[],
  by: Preferences,
): Found | null {
  for (const choice of choices) {
    const found = place(hosts, free, choice.need, by);
    if (found !== null) return { ...found, choice };
  }
  return null;
}

/** The first choice that room can be made for. */
export function evictFirst(
  choices: readonly HardwareChoice[],
  hosts: readonly Host[],
  free: Free,
  evictable: readonly Instance[],
): (Eviction & { readonly choice: HardwareChoice }) | null {
  for (const choice of choices) {
    const eviction = evictionFor(choice.need, hosts, free, evictable);
    if (eviction !== null) return { ...eviction, choice };
  }
  return null;
}
