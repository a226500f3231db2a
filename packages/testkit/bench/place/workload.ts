import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Host, Need } from '@hearth/core';
import { memoryNeed, plainHost } from '@hearth/sim';

/** What is to be placed, and on what. GPUs have 1000 "MiB": the trace tells shares in thousandths of a GPU. */
export interface Workload {
  /** Where it is from, for whoever reads the figures. */
  readonly source: string;
  readonly hosts: readonly Host[];
  readonly needs: readonly Need[];
}

const GPU_MIB = 1_000;

/** The openb pods and nodes (alibaba/clusterdata, cluster-trace-gpu-v2023), or where they are missing, alike ones. */
export async function openWorkload(folder: string | undefined): Promise<Workload> {
  if (folder === undefined) return { ...generated(), source: 'generated: there is no folder of traces' };
  const rows = async (name: string): Promise<Record<string, string>[]> =>
    csv(gunzipSync(await readFile(join(folder, name))).toString());
  const [nodes, pods] = await Promise.all([rows('openb-2023-nodes.csv.gz'), rows('openb-2023-pods.csv.gz')]);
  return {
    source: `openb: ${pods.length} pods, ${nodes.length} nodes`,
    hosts: nodes.map((node) =>
      host(
        node.sn ?? '',
        node.model ?? '',
        number(node, 'gpu'),
        number(node, 'cpu_milli') / 1_000,
        number(node, 'memory_mib'),
      ),
    ),
    needs: pods.map((pod) =>
      need(
        number(pod, 'num_gpu'),
        number(pod, 'gpu_milli'),
        number(pod, 'cpu_milli') / 1_000,
        number(pod, 'memory_mib'),
      ),
    ),
  };
}

function csv(text: string): Record<string, string>[] {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, column) => [names[column] ?? '', value])));
}

/** @throws RangeError naming the column: a trace of another form would give figures that mean nothing */
function number(row: Record<string, string>, column: string): number {
  const value = Number(row[column] ?? Number.NaN);
  if (!Number.isFinite(value)) throw new RangeError(`a row has "${row[column]}" for ${column}; it must be a number`);
  return value;
}

const host = (id: string, model: string, gpus: number, cpus: number, memoryMiB: number): Host => {
  const devices = Array.from({ length: gpus }, (_, n) => ({ id: `${id}-${n}`, name: model, vramMiB: GPU_MIB }));
  return plainHost(id, { cpus, memoryMiB, devices });
};

const need = (gpus: number, milli: number, cpus: number, memoryMiB: number): Need =>
  memoryNeed(memoryMiB, {
    cpus,
    gpus: milli < GPU_MIB ? 0 : gpus,
    gpuShareMiB: gpus === 1 && milli < GPU_MIB ? milli : 0,
  });

/** How many nodes of how many GPUs, with how many cores and how much memory, the openb cluster has. */
const NODES = [
  [549, 8, 96, 393_216],
  [387, 2, 104, 524_288],
  [107, 2, 16, 122_880],
  [39, 8, 128, 786_432],
  [28, 4, 32, 131_072],
  [22, 2, 64, 262_144],
  [21, 8, 96, 786_432],
  [19, 1, 8, 32_768],
  [17, 4, 96, 393_216],
  [9, 4, 48, 376_832],
] as const;

/** How many pods want so many thousandths of a GPU, cores and memory: its 40 most frequent kinds, put together. */
const PODS = [
  [1_047, 810, 3.15, 5_600],
  [1_391, 1_000, 11.3, 49_152],
  [470, 1_000, 3.15, 5_600],
  [388, 470, 11.9, 47_104],
  [364, 0, 12.5, 57_344],
  [360, 470, 8, 30_517],
  [437, 0, 24, 49_152],
  [255, 1_000, 18.7, 64_512],
  [237, 650, 11.9, 47_104],
  [775, 1_000, 11, 44_000],
  [266, 0, 10, 41_000],
  [305, 320, 4, 22_888],
  [400, 1_000, 12, 28_000],
  [400, 1_000, 15, 58_368],
  [140, 220, 4, 30_517],
  [147, 570, 3.5, 8_000],
  [74, 160, 4, 15_258],
  [128, 460, 6, 10_000],
  [47, 370, 4.15, 10_600],
  [32, 2_000, 16, 65_536],
  [15, 4_000, 32, 131_072],
  [44, 8_000, 76, 295_000],
] as const;

/** As many nodes and pods as there are in the trace, of its most frequent kinds. */
function generated(): Pick<Workload, 'hosts' | 'needs'> {
  return {
    hosts: NODES.flatMap(([count, gpus, cpus, memoryMiB]) =>
      Array.from({ length: count }, (_, n) =>
        host(`${gpus}x-${cpus}-${memoryMiB}-${String(n).padStart(3, '0')}`, 'GPU', gpus, cpus, memoryMiB),
      ),
    ),
    needs: PODS.flatMap(([count, milli, cpus, memoryMiB]) =>
      Array.from({ length: count }, () => need(Math.ceil(milli / GPU_MIB), Math.min(milli, GPU_MIB), cpus, memoryMiB)),
    ),
  };
}
