import type { Eviction } from './eviction.ts';
import type { Place } from './placement.ts';
import type { Need } from './resources.ts';

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
export function placeFirst(choices: readonly HardwareChoice[], placeOne: (need: Need) => Place | null): Found | null {
  for (const choice of choices) {
    const found = placeOne(choice.need);
    if (found !== null) return { ...found, choice };
  }
  return null;
}

/** The first choice that room can be made for. */
export function evictFirst(
  choices: readonly HardwareChoice[],
  evictOne: (need: Need) => Eviction | null,
): (Eviction & { readonly choice: HardwareChoice }) | null {
  for (const choice of choices) {
    const eviction = evictOne(choice.need);
    if (eviction !== null) return { ...eviction, choice };
  }
  return null;
}
