import { takes } from './fit.ts';
import { NO_SHAPES, type TypicalShape } from './fragmentation.ts';
import type { Free } from './free.ts';
import { byId } from './instance.ts';
import { byFit, inGrains, type Rating, ratingOf } from './rating.ts';
import type { Host, Need, Placement } from './resources.ts';

// What a place costs is counted in GPUs, the unit of fragmentation, so that the parts can be weighed.

/**
 * A host without the image has to pull it: minutes, once. A GPU that is left in pieces may be lost to large models for as
 * long as the instance runs, so the image outweighs half of one and no more.
 */
const IMAGE_MISSING = 0.5;
/**
 * For each instance of the deployment that sits on the host already: two on one host are lost together. Little, so that
 * it decides between hosts that are else nearly alike; three of them are worth a pull elsewhere.
 */
const ALREADY_HERE = 0.2;

/** What `place` weighs beside room; without it, best fit alone decides. */
export interface Preferences {
  /** What the fleet is typically asked for. The same array from call to call keeps what was worked out for it. */
  readonly shapes: readonly TypicalShape[];
  /** How many instances of the deployment sit on each host, by its id. */
  readonly siblings: ReadonlyMap<string, number>;
}

export function siblingsOf(instances: readonly Pick<Placement, 'hostId'>[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { hostId } of instances) counts.set(hostId, (counts.get(hostId) ?? 0) + 1);
  return counts;
}

const NO_PREFERENCES: Preferences = { shapes: NO_SHAPES, siblings: new Map() };

export interface Place {
  readonly placement: Placement;
  /** Why there, in words that follow "On HOST: ". */
  readonly why: string;
}

/** A host that can hold a need, and what that would do to it. */
export interface Roomy {
  readonly host: Host;
  readonly rating: Rating;
}

interface Option extends Roomy {
  readonly hasImage: boolean;
  readonly siblings: number;
  readonly cost: number;
}

/** Feasible → score → pick: of the hosts that can hold a need now, the one where that costs least. Null: nothing fits. */
export function place(
  hosts: readonly Host[],
  free: Free,
  need: Need,
  { shapes, siblings }: Preferences = NO_PREFERENCES,
): Place | null {
  const rate = ratingOf(need, shapes);
  const roomy: Roomy[] = [];
  for (const host of hosts) {
    const rating = takes(host, need) ? rate(host, free(host)) : null;
    if (rating !== null) roomy.push({ host, rating });
  }
  return cheapest(roomy, need, siblings);
}

/** Of hosts with room, the one where a need costs least. */
export function cheapest(roomy: Iterable<Roomy>, need: Need, siblings: Preferences['siblings']): Place | null {
  let best: Option | null = null;
  const all = { count: 0, leastGrains: Infinity, mostGrains: -Infinity, lackImage: false, mostSiblings: 0 };
  for (const { host, rating } of roomy) {
    const hasImage = need.image !== null && host.images.includes(need.image);
    const here = siblings.get(host.id) ?? 0;
    const missing = need.image === null || hasImage ? 0 : IMAGE_MISSING;
    const cost = inGrains(rating.fragmentation + missing + here * ALREADY_HERE);
    const grains = inGrains(rating.fragmentation);
    all.count++;
    all.leastGrains = Math.min(all.leastGrains, grains);
    all.mostGrains = Math.max(all.mostGrains, grains);
    all.lackImage ||= !hasImage;
    all.mostSiblings = Math.max(all.mostSiblings, here);
    if (best === null || (cost - best.cost || byFit(rating, best.rating) || byId(host, best.host)) < 0) {
      best = { host, rating, hasImage, siblings: here, cost };
    }
  }
  if (best === null) return null;
  const placement = {
    hostId: best.host.id,
    deviceIds: best.rating.deviceIds,
    gpuShareMiB: need.gpuShareMiB,
  };
  return { placement, why: why(best, all) };
}

export const placeOn = (hosts: readonly Host[], free: Free, need: Need, by?: Preferences): Placement | null =>
  place(hosts, free, need, by)?.placement ?? null;

/** What the options have among them. */
interface Options {
  readonly count: number;
  readonly leastGrains: number;
  readonly mostGrains: number;
  readonly lackImage: boolean;
  readonly mostSiblings: number;
}

/** What the chosen host has over others that had room. */
function why(best: Option, all: Options): string {
  if (all.count === 1) return 'the only host with room now';
  const grains = inGrains(best.rating.fragmentation);
  const reasons = [
    best.hasImage && all.lackImage && 'it has the image',
    all.mostGrains > grains && all.leastGrains >= grains && 'least fragmentation of GPUs',
    all.mostSiblings > best.siblings && 'fewer instances of the deployment are there',
  ].filter((reason) => reason !== false);
  return reasons.length === 0 ? 'the tightest fit' : reasons.join(', ');
}
