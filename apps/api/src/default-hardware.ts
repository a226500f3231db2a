import type { Hardware } from '@hearth/core';

const GIB = 1024;

const ANYWHERE = { gpuShareMiB: 0, gpuType: null, labels: {}, fallback: [] };

const cpu = (sku: string, name: string, memoryMiB: number, priceMicrosPerSecond: number): Hardware => ({
  ...ANYWHERE,
  sku,
  name,
  gpus: 0,
  vramMiB: 0,
  cpus: 4,
  memoryMiB,
  priceMicrosPerSecond,
});

const gpu = (
  sku: string,
  name: string,
  [gpus, vramGiB, cpus, memoryGiB]: readonly [number, number, number, number],
  priceMicrosPerSecond: number,
): Hardware => ({
  ...ANYWHERE,
  sku,
  name,
  gpus,
  vramMiB: vramGiB * GIB,
  cpus,
  memoryMiB: memoryGiB * GIB,
  priceMicrosPerSecond,
});

/**
 * The SKUs and prices (millionths of a dollar a second) of replicate.com, spring 2026; `gpus` with the memory of each GPU.
 * `cpu` asks for 2 GiB instead of 8, so that laptops have room for a few. Memory of the H100s is not published.
 */
export const DEFAULT_HARDWARE: readonly Hardware[] = [
  cpu('cpu', 'CPU', 2 * GIB, 100),
  gpu('gpu-t4', 'Nvidia T4 GPU', [1, 15, 4, 16], 225),
  gpu('gpu-a40-small', 'Nvidia A40 GPU', [1, 44, 4, 16], 575),
  gpu('gpu-a40-large', 'Nvidia A40 (Large) GPU', [1, 44, 10, 72], 725),
  gpu('gpu-a40-large-2x', '2x Nvidia A40 (Large) GPU', [2, 44, 20, 144], 1_450),
  gpu('gpu-l40s', 'Nvidia L40S GPU', [1, 44, 10, 65], 975),
  gpu('gpu-2x-l40s', '2x Nvidia L40S GPU', [2, 44, 20, 144], 1_950),
  gpu('gpu-a100-large', 'Nvidia A100 (80GB) GPU', [1, 79, 10, 144], 1_400),
  gpu('gpu-a100-large-2x', '2x Nvidia A100 (80GB) GPU', [2, 79, 20, 288], 2_800),
  gpu('gpu-h100', 'Nvidia H100 GPU', [1, 79, 13, 160], 1_525),
  gpu('gpu-h100-2x', '2x Nvidia H100 GPU', [2, 79, 26, 320], 3_050),
];
