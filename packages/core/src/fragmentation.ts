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
 * needs none can use no GPU anywhere, so it tells no two hosts apart. Counts are rounded to powers of two, and where the
 * result is what it was `before`, that is the result: one instance more is no reason to look at every host again.
 */
export function typicalShapes(
  asked: readonly { readonly need: Shape; readonly count: number }[],
  before: readonly TypicalShape[] = NO_SHAPES,
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
  const shapes = rounded.map(({ need, weight }) => ({ need, part: weight / total }));
  const same = ({ need, part }: TypicalShape, n: number): boolean =>
    before[n]?.part === part && shapeKey(before[n].need) === shapeKey(need);
  return shapes.length === before.length && shapes.every(same) ? before : shapes;
}

const shapeKey = (s: Shape): string => `${s.memoryMiB} ${s.cpus} ${gpuKey(s)} ${labelsKey(s.labels)}`;
const gpuKey = (s: Shape): string => `${s.gpus} ${s.gpuShareMiB} ${s.vramMiB} ${s.gpuType ?? ''}`;
export const labelsKey = (labels: Shape['labels']): string =>
  Object.keys(labels)
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((key) => JSON.stringify([key, labels[key]]))
    .join();

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
  if (shapes.length === 0 || free.devices.length === 0) return 0;
  let wasted = free.devices.reduce((sum, { freeMiB, vramMiB }) => sum + freeMiB / vramMiB, 0);
  for (const [first, ...others] of alike(shapes)) {
    const parts = [first, ...others].reduce(
      (sum, { need, part }) => (hasPlace(host, free, need) ? sum + part : sum),
      0,
    );
    if (parts > 0) wasted -= parts * usable(free, first.need);
  }
  return wasted;
}

const hasPlace = (host: Pick<Host, 'labels'>, free: FreeResources, need: Shape): boolean =>
  hasRoomBeside(free, need) && hasLabels(host, need.labels);

/** GPUs of which a shape could use what is free, if it has all else. */
function usable(free: FreeResources, need: Shape): number {
  let gpus = 0;
  for (const device of free.devices) {
    const enough = need.gpuShareMiB > 0 ? device.freeMiB >= need.gpuShareMiB : isWhole(device);
    if (enough && isSuited(device, need)) gpus += device.freeMiB / device.vramMiB;
  }
  return gpus < need.gpus ? 0 : gpus;
}

type Alike = readonly [TypicalShape, ...TypicalShape[]];
const groups = new WeakMap<readonly TypicalShape[], readonly Alike[]>();

/** Shapes that want the same of a GPU, and differ in memory, cores or labels: the GPUs are looked at once for each group. */
function alike(shapes: readonly TypicalShape[]): readonly Alike[] {
  const known = groups.get(shapes);
  if (known !== undefined) return known;
  const byGpu = new Map<string, [TypicalShape, ...TypicalShape[]]>();
  for (const shape of shapes) {
    const group = byGpu.get(gpuKey(shape.need));
    if (group === undefined) byGpu.set(gpuKey(shape.need), [shape]);
    else group.push(shape);
  }
  const found = [...byGpu.values()];
  groups.set(shapes, found);
  return found;
}
