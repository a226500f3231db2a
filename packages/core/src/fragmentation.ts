import { hasLabels, hasRoomBeside, isSuited } from './fit.ts';
import { type FreeResources, isWhole } from './free.ts';
import type { Host, Need } from './resources.ts';

/** A need that comes often, without whose it is, and its part of all such needs: the parts add up to 1. */
export interface TypicalShape {
  readonly need: Shape;
  readonly part: number;
}

type Shape = Pick<Need, 'memoryMiB' | 'cpus' | 'gpus' | 'gpuShareMiB' | 'vramMiB' | 'gpuType' | 'labels'>;

/** Nobody has asked for anything: all that is free is as good. One array, because ratings are kept by it. */
export const NO_SHAPES: readonly TypicalShape[] = [];

/** Beyond these the rest are too rare to steer anything, and every one costs time on every host. */
const MOST_SHAPES = 64;

/**
 * What the fleet is asked for, most often first, from needs and how often each came. Only those that need a GPU: what
 * needs none can use no GPU anywhere, so it tells no two hosts apart. Counts are rounded to powers of two, so that one
 * instance more does not make every host worth another look.
 */
export function typicalShapes(
  asked: readonly { readonly need: Shape; readonly count: number }[],
): readonly TypicalShape[] {
  const counts = new Map<string, { need: Shape; count: number }>();
  for (const { need, count } of asked) {
    if (count <= 0 || (need.gpus === 0 && need.gpuShareMiB === 0)) continue;
    const key = shapeKey(need);
    counts.set(key, { need, count: (counts.get(key)?.count ?? 0) + count });
  }
  const rounded = [...counts]
    .map(([key, { need, count }]) => ({ key, need, weight: 2 ** Math.round(Math.log2(count)) }))
    .toSorted((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1))
    .slice(0, MOST_SHAPES);
  const total = rounded.reduce((sum, { weight }) => sum + weight, 0);
  return rounded.map(({ need, weight }) => ({ need, part: weight / total }));
}

const shapeKey = (s: Shape): string =>
  JSON.stringify([
    s.memoryMiB,
    s.cpus,
    s.gpus,
    s.gpuShareMiB,
    s.vramMiB,
    s.gpuType,
    Object.entries(s.labels).toSorted(),
  ]);

/**
 * How much of a host's free GPUs a typical instance could not use, in GPUs: Σ part · (free − usable by that shape).
 * The measure of "Beware of Fragmentation" (USENIX ATC '23). The same amount free in larger pieces is worth more; a
 * host that lacks memory or cores for a shape has nothing for it, however many GPUs are free.
 */
export function fragmentation(
  host: Pick<Host, 'labels'>,
  free: FreeResources,
  shapes: readonly TypicalShape[],
): number {
  const parts = free.devices.map((device) => device.freeMiB / device.vramMiB);
  const total = parts.reduce((sum, part) => sum + part, 0);
  let wasted = 0;
  for (const { need, part } of shapes) wasted += part * (total - usable(host, free, need, parts));
  return wasted;
}

function usable(host: Pick<Host, 'labels'>, free: FreeResources, need: Shape, parts: readonly number[]): number {
  if (!hasRoomBeside(free, need) || !hasLabels(host, need.labels)) return 0;
  let usableGpus = 0;
  for (const [n, device] of free.devices.entries()) {
    const enough = need.gpuShareMiB > 0 ? device.freeMiB >= need.gpuShareMiB : isWhole(device);
    if (enough && isSuited(device, need)) usableGpus += parts[n] ?? 0;
  }
  return usableGpus < need.gpus ? 0 : usableGpus;
}
