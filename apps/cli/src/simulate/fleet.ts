import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { WireHardware, WireHost } from '@hearth/contract';
import { sizeBytes } from '@hearth/kit';
import { type Comparison, type ModelShape, plainHost } from '@hearth/sim';

type Host = Comparison['hosts'][number];
type Need = ModelShape['need'];

/** What each of some like hosts has. */
export interface HostKind {
  readonly gpus: number;
  readonly vramMiB: number;
}

const MIB = 2 ** 20;
/** More than anybody asks for: where nothing is said of memory, it is not what runs out. */
const PLENTY_MIB = 2 ** 40;

/** `2x24GiB`: two GPUs of 24 GiB. */
export function gpusOption(text: string): HostKind {
  const [, count, size] = /^(\d+)x(.+)$/i.exec(text) ?? [];
  if (count === undefined || size === undefined) throw new InvalidArgumentError('allowed: such as 2x24GiB');
  return { gpus: Number(count), vramMiB: mibOption(size) };
}

/** A size in whole MiB, at least one. */
export function mibOption(text: string): number {
  try {
    const mib = Math.floor(sizeBytes(text) / MIB);
    if (mib < 1) throw new RangeError(`"${text}" is less than 1MiB`);
    return mib;
  } catch (error) {
    if (error instanceof RangeError) throw new InvalidArgumentError(error.message);
    throw error;
  }
}

/** So many hosts alike. */
export const likeHosts = (count: number, { gpus, vramMiB }: HostKind, memoryMiB: number | undefined): readonly Host[] =>
  Array.from({ length: count }, (_, n) => {
    const id = `host-${n + 1}`;
    const devices = Array.from({ length: gpus }, (_, g) => ({ id: `${id}-gpu-${g}`, name: 'GPU', vramMiB }));
    return plainHost(id, { memoryMiB: memoryMiB ?? PLENTY_MIB, devices });
  });

/** The fleet as it is. Hosts that are lost or cordoned now count as well: they are expected back. */
export const presentHosts = (hosts: readonly WireHost[]): readonly Host[] =>
  hosts.map(({ id, runtimes, labels, memory_mib, cpus, devices }) =>
    plainHost(id, {
      runtimes,
      labels,
      memoryMiB: memory_mib,
      cpus,
      devices: devices.map(({ id: device, name, vram_mib }) => ({ id: device, name, vramMiB: vram_mib })),
    }),
  );

/** What one instance takes: a share of a GPU, else one to itself where there are any, and memory. */
export function needOf(
  hosts: readonly Host[],
  { vramMiB, memoryMiB }: { vramMiB: number | undefined; memoryMiB: number | undefined },
): Need {
  const hasGpus = hosts.some(({ devices }) => devices.length > 0);
  return {
    ...ANYWHERE,
    // On a fleet of processes alone, containers would find no place.
    runtime: hosts.some(({ runtimes }) => runtimes.includes('docker')) ? 'docker' : 'process',
    memoryMiB: memoryMiB ?? 0,
    gpus: hasGpus && vramMiB === undefined ? 1 : 0,
    gpuShareMiB: vramMiB ?? 0,
  };
}

const ANYWHERE = { cpus: 0, vramMiB: 0, gpuType: null, labels: {}, image: null } as const;

/** What an instance on a SKU takes. */
export const needOn = (hosts: readonly Host[], hardware: WireHardware): Need => ({
  ...needOf(hosts, { vramMiB: undefined, memoryMiB: hardware.memory_mib }),
  cpus: hardware.cpus,
  gpus: hardware.gpus,
  gpuShareMiB: hardware.gpu_share_mib,
  vramMiB: hardware.vram_mib,
  gpuType: hardware.gpu_type,
  labels: hardware.labels,
});
