import type { KeepAlive, Need } from '@hearth/core';
import type { SimDeployment } from './model.ts';
import { oneOf, type Random, spanMs } from './random.ts';
import type { BootOutcome } from './world.ts';

type Size = Pick<Need, 'gpus' | 'gpuShareMiB' | 'vramMiB' | 'memoryMiB' | 'cpus'>;

const share = (gib: number): Size => ({
  gpus: 0,
  gpuShareMiB: gib * 1_024,
  vramMiB: 0,
  memoryMiB: 8_192,
  cpus: 2,
});
const whole = (gpus: number): Size => ({ gpus, gpuShareMiB: 0, vramMiB: 40_960, memoryMiB: 65_536, cpus: 8 * gpus });

/** What models need, small ones first: image models of 4 to 20 GiB, and language models with GPUs of their own. */
const SIZES: readonly (readonly [weight: number, size: Size])[] = [
  [25, share(4)],
  [25, share(6)],
  [20, share(8)],
  [12, share(10)],
  [10, share(16)],
  [5, share(20)],
  [2, whole(1)],
  [0.7, whole(2)],
  [0.3, whole(4)],
];

/** How many run at once in an instance, and how many instances there may be: who is asked for most is tuned best. */
function capacity(rank: number): { readonly slotsPerInstance: number; readonly maxInstances: number } {
  if (rank < 100) return { slotsPerInstance: 8, maxInstances: 20 };
  return rank < 1_000 ? { slotsPerInstance: 4, maxInstances: 10 } : { slotsPerInstance: 1, maxInstances: 4 };
}

/** Deployments of a large installation, from the most to the least asked for. One in a hundred keeps an instance. */
export const syntheticDeployments = (count: number, keepAlive: KeepAlive, random: Random): readonly SimDeployment[] =>
  Array.from({ length: count }, (_, rank) => ({
    id: `d${String(rank).padStart(6, '0')}`,
    need: { runtime: 'docker', gpuType: null, labels: {}, image: null, ...oneOf(random, SIZES) },
    policy: { minInstances: rank % 100 === 25 ? 1 : 0, ...capacity(rank), keepAlive },
    bootMs: 35_000,
  }));

/** Loads of base models in production (Alibaba GenTD26) have two modes: what the host has in memory, and what it fetches. */
interface BootMode {
  readonly medianMs: number;
  readonly sigma: number;
}

const BOOTS: readonly (readonly [weight: number, mode: BootMode])[] = [
  [1, { medianMs: 2_800, sigma: 0.3 }],
  [2, { medianMs: 34_900, sigma: 0.4 }],
];

/** How boots go, of which a share fails. */
export function syntheticBoots(failureShare: number, random: Random): () => BootOutcome {
  return () => {
    const { medianMs, sigma } = oneOf(random, BOOTS);
    return { ms: spanMs(random, medianMs, sigma), fails: random() < failureShare };
  };
}
