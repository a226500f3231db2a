import {
  deviceChoices,
  type FreeDevice,
  type FreeResources,
  type Host,
  isWhole,
  type Need,
  place,
  siblingsOf,
  type TypicalShape,
  typicalShapes,
} from '@hearth/core';
import type { Cluster } from './cluster.ts';

/** Where to put it: a host and its GPUs; null where no host has room. */
export type Policy = (need: Need) => { readonly hostId: string; readonly deviceIds: readonly string[] } | null;
export type MakePolicy = (cluster: Cluster, random: () => number) => Policy;

/** What was asked for is counted again each time that it is half as much again: later on its parts change slowly. */
const LEARN_AFTER = 1.5;

/** The function that the scheduler calls, with what was asked for so far as the typical shapes. Nothing is known before. */
export const ours: MakePolicy = (cluster) => {
  const asked = new Map<string, { need: Need; count: number }>();
  let seen = 0;
  let learnAt = 1;
  let shapes: readonly TypicalShape[] = [];
  const siblings = siblingsOf([]);
  return (need) => {
    const key = JSON.stringify(need);
    asked.set(key, { need, count: (asked.get(key)?.count ?? 0) + 1 });
    if (++seen >= learnAt) {
      shapes = typicalShapes([...asked.values()], shapes);
      learnAt = seen * LEARN_AFTER;
    }
    return place(cluster.hosts, cluster.free, need, { shapes, siblings })?.placement ?? null;
  };
};

/** What a need finds on one host: the first of its choices of GPUs by `order`. */
interface Option {
  readonly host: Host;
  readonly free: FreeResources;
  readonly devices: readonly FreeDevice[];
}

/** Picks the option of least cost; hosts in the order of the trace where costs are equal. */
const least =
  (costOf: (option: Option, need: Need) => number): MakePolicy =>
  (cluster) =>
  (need) => {
    let best: { option: Option; cost: number } | null = null;
    for (const host of cluster.hosts) {
      const free = cluster.free(host);
      for (const devices of deviceChoices(free, need)) {
        const option = { host, free, devices };
        const cost = costOf(option, need);
        if (best === null || cost < best.cost) best = { option, cost };
      }
    }
    return best === null ? null : taken(best.option);
  };

const taken = ({ host, devices }: Option) => ({ hostId: host.id, deviceIds: devices.map(({ id }) => id) });

const gpusFree = ({ devices }: FreeResources): number =>
  devices.reduce((sum, { freeMiB, vramMiB }) => sum + freeMiB / vramMiB, 0);

/** The largest node of the trace: what resources are normed by. */
const LARGEST = { cpus: 128, memoryMiB: 1_048_576, gpus: 8 };

/** The node that has least left afterwards, cores and GPUs weighed alike; of its GPUs the fullest that suffices. */
export const bestFit = least(({ free, devices }) => {
  const [gpu] = devices;
  const left = free.cpus / LARGEST.cpus + gpusFree(free) / LARGEST.gpus;
  return left + (gpu === undefined ? 0 : gpu.freeMiB / gpu.vramMiB / 1_000);
});

/** GPUs in use first, the fullest that suffices; then nodes in use, the fewest idle GPUs; then idle nodes. */
export const packing = least(({ host, free, devices }, need) => {
  const [gpu] = devices;
  if (need.gpuShareMiB > 0 && gpu !== undefined && !isWhole(gpu)) return gpu.freeMiB / gpu.vramMiB;
  const idle = free.devices.filter(isWhole).length;
  return (idle < host.devices.length ? 10 : 100) + idle;
});

/** The node whose free cores, memory and GPUs look most like what is asked for (Tetris); of its GPUs the fullest. */
export const dotProduct = least(({ free, devices }, need) => {
  const asked = need.gpus + need.gpuShareMiB / 1_000;
  const [gpu] = devices;
  const alike =
    (free.cpus / LARGEST.cpus) * (need.cpus / LARGEST.cpus) +
    (free.memoryMiB / LARGEST.memoryMiB) * (need.memoryMiB / LARGEST.memoryMiB) +
    (gpusFree(free) / LARGEST.gpus) * (asked / LARGEST.gpus);
  return (gpu === undefined ? 0 : gpu.freeMiB / gpu.vramMiB / 1_000) - alike;
});

/** Any host with room, and any of its GPUs that would do. */
export const anywhere: MakePolicy = (cluster, random) => (need) => {
  const options = cluster.hosts.flatMap((host) => {
    const free = cluster.free(host);
    const choices = deviceChoices(free, need);
    return choices.length === 0 ? [] : [{ host, free, choices }];
  });
  const option = options[Math.floor(random() * options.length)];
  const devices = option?.choices[Math.floor(random() * option.choices.length)];
  return option === undefined || devices === undefined ? null : taken({ ...option, devices });
};
