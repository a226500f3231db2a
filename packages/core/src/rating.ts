import { deviceChoices, freeAfter } from './fit.ts';
import { fragmentation, type TypicalShape } from './fragmentation.ts';
import { type FreeResources, isWhole } from './free.ts';
import type { Host, Need } from './resources.ts';

/** What a need would do to one host: the GPUs it would take there, and what would be left. Less of everything is better. */
export interface Rating {
  readonly deviceIds: readonly string[];
  /** By how many GPUs the fleet's free GPUs would become less usable; below 0 where it fills a gap. */
  readonly fragmentation: number;
  /** Memory of the GPUs that nobody else could then take. */
  readonly vramMiB: number;
  /** GPUs that were whole and of which a share would be taken. */
  readonly broken: number;
  /** Whole GPUs left on the host: CPU models go where no GPU is free. */
  readonly wholeLeft: number;
  /** Left on a shared GPU. */
  readonly shareLeftMiB: number;
  readonly memoryLeftMiB: number;
}

/** Orders what fragments alike: best fit, so that large gaps stay whole. */
export const byFit = (a: Rating, b: Rating): number =>
  a.vramMiB - b.vramMiB ||
  a.broken - b.broken ||
  a.wholeLeft - b.wholeLeft ||
  a.shareLeftMiB - b.shareLeftMiB ||
  a.memoryLeftMiB - b.memoryLeftMiB;

/** Sums of fractions are equal where they differ by less than this: a thousandth of a GPU is nobody's. */
const GRAIN = 1_000;
export const inGrains = (gpus: number): number => Math.round(gpus * GRAIN);

/** The best of a host's ways to hold a need; null where it does not fit. Pure, so what is known is not worked out again. */
export function rate(host: Host, free: FreeResources, need: Need, shapes: readonly TypicalShape[]): Rating | null {
  const known = remembered(shapes, free);
  const key = keyOf(need);
  const before = known.get(key);
  if (before?.labels === host.labels) return before.rating;
  const rating = rateAnew(host, free, need, shapes);
  known.set(key, { labels: host.labels, rating });
  return rating;
}

function rateAnew(host: Host, free: FreeResources, need: Need, shapes: readonly TypicalShape[]): Rating | null {
  const choices = deviceChoices(free, need);
  if (choices.length === 0) return null;
  const wasted = fragmentation(host, free, shapes);
  const ratings = choices.map((devices): Rating => {
    const after = freeAfter(free, need, devices);
    const [shared] = need.gpuShareMiB > 0 ? devices : [];
    return {
      deviceIds: devices.map(({ id }) => id),
      fragmentation: fragmentation(host, after, shapes) - wasted,
      vramMiB: shared === undefined ? devices.reduce((sum, { vramMiB }) => sum + vramMiB, 0) : need.gpuShareMiB,
      broken: shared !== undefined && isWhole(shared) ? 1 : 0,
      wholeLeft: after.devices.filter(isWhole).length,
      shareLeftMiB: shared === undefined ? 0 : shared.freeMiB - need.gpuShareMiB,
      memoryLeftMiB: after.memoryMiB,
    };
  });
  return ratings.reduce((best, one) =>
    (inGrains(one.fragmentation) - inGrains(best.fragmentation) || byFit(one, best)) < 0 ? one : best,
  );
}

interface Remembered {
  readonly labels: Host['labels'];
  readonly rating: Rating | null;
}

const memory = new WeakMap<readonly TypicalShape[], WeakMap<FreeResources, Map<string, Remembered>>>();

function remembered(shapes: readonly TypicalShape[], free: FreeResources): Map<string, Remembered> {
  const ofShapes = memory.get(shapes) ?? new WeakMap<FreeResources, Map<string, Remembered>>();
  memory.set(shapes, ofShapes);
  const ofFree = ofShapes.get(free) ?? new Map<string, Remembered>();
  ofShapes.set(free, ofFree);
  return ofFree;
}

/** Of what a rating depends on; a host's runtimes and labels were asked before. */
const keyOf = (need: Need): string =>
  `${need.memoryMiB} ${need.cpus} ${need.gpus} ${need.gpuShareMiB} ${need.vramMiB} ${need.gpuType ?? ''}`;
