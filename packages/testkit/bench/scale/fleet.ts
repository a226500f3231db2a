import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Host } from '@hearth/core';
import { clusterNode, csvRows, hostOf, seeded } from '@hearth/sim';

const NODES = 'alibaba-2026-gpu-nodes.csv.gz';

export interface LargeFleet {
  /** Where it is from, for whoever reads the figures. */
  readonly source: string;
  readonly hosts: readonly Host[];
}

/** So many hosts of a production cluster, evenly from its list; where the folder of traces is not named, alike ones. */
export async function largeFleet(folder: string | undefined, count: number): Promise<LargeFleet> {
  if (folder === undefined) {
    const random = seeded(1);
    const hosts = Array.from({ length: count }, (_, n) => hostOf(hostId(n), clusterNode(random)));
    return { hosts, source: 'generated: there is no folder of traces' };
  }
  const text = gunzipSync(await readFile(join(folder, NODES))).toString();
  const nodes = [...csvRows(text.split('\n'), ['gpu_model', 'gpu_capacity_num', 'cpu_num'])];
  const hosts = Array.from({ length: count }, (_, n) => {
    const row = nodes[Math.floor((n * nodes.length) / count)];
    if (row === undefined) throw new RangeError(`${NODES} names no node`);
    const kind = { gpuModel: row.text('gpu_model'), gpus: row.number('gpu_capacity_num'), cpus: row.number('cpu_num') };
    return hostOf(hostId(n), kind);
  });
  return { hosts, source: `${count} of the ${nodes.length} nodes in ${NODES}` };
}

const hostId = (n: number): string => `h${String(n).padStart(5, '0')}`;
