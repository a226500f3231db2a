import type { Device, Host, Need } from '@hearth/core';
import { oneOf, type Random } from './random.ts';

/** A kind of machine: what its GPUs are called, how many it has, and its cores. */
export interface NodeKind {
  readonly gpuModel: string;
  readonly gpus: number;
  readonly cpus: number;
}

/** Machines of a production cluster by kind (4,278 nodes, 10,412 GPUs; Alibaba's spot GPU trace of 2026), with their shares. */
const CLUSTER: readonly (readonly [weight: number, kind: NodeKind])[] = [
  [2_494, { gpuModel: 'A10', gpus: 1, cpus: 128 }],
  [902, { gpuModel: 'GPU-series-1', gpus: 1, cpus: 192 }],
  [432, { gpuModel: 'A100-SXM4-80GB', gpus: 8, cpus: 128 }],
  [219, { gpuModel: 'H800', gpus: 8, cpus: 192 }],
  [122, { gpuModel: 'GPU-series-2', gpus: 8, cpus: 192 }],
  [77, { gpuModel: 'GPU-series-1', gpus: 8, cpus: 192 }],
  [22, { gpuModel: 'A800-SXM4-80GB', gpus: 8, cpus: 128 }],
  [10, { gpuModel: 'GPU-series-1', gpus: 4, cpus: 192 }],
];

/** Memory of one GPU. The trace does not name two of its series: they are taken to be of the middle. */
const VRAM_MIB: Readonly<Record<string, number>> = {
  A10: 24_576,
  'GPU-series-1': 49_152,
  'GPU-series-2': 98_304,
  'A100-SXM4-80GB': 81_920,
  'A800-SXM4-80GB': 81_920,
  H800: 81_920,
};
/** The trace says nothing of memory; machines of such a kind have about this for each core. */
const MEMORY_MIB_PER_CPU = 4_096;

export const clusterNode = (random: Random): NodeKind => oneOf(random, CLUSTER);

/** @throws RangeError where nobody knows the memory of such a GPU */
export function hostOf(id: string, { gpuModel, gpus, cpus }: NodeKind): Host {
  const vramMiB = VRAM_MIB[gpuModel];
  if (vramMiB === undefined) {
    throw new RangeError(`gpu_model is "${gpuModel}"; known are ${Object.keys(VRAM_MIB).join(', ')}`);
  }
  const devices = Array.from({ length: gpus }, (_, n): Device => ({ id: `${id}-gpu${n}`, name: gpuModel, vramMiB }));
  return plainHost(id, { memoryMiB: cpus * MEMORY_MIB_PER_CPU, cpus, devices });
}

/** A host for containers, with no GPU and as many cores as anybody wants, but for what is said of it. */
export const plainHost = (id: string, has: Pick<Host, 'memoryMiB'> & Partial<Host>): Host => ({
  id,
  runtimes: ['docker'],
  cordoned: false,
  draining: false,
  lost: false,
  labels: {},
  images: [],
  cpus: null,
  devices: [],
  ...has,
});

/** Of an instance in a container that needs nothing but memory, and what else is said of it. */
export const memoryNeed = (memoryMiB: number, over: Partial<Need> = {}): Need => ({
  runtime: 'docker',
  memoryMiB,
  cpus: 0,
  gpus: 0,
  gpuShareMiB: 0,
  vramMiB: 0,
  gpuType: null,
  labels: {},
  image: null,
  ...over,
});
