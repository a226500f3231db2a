import { type FreeDevice, type FreeResources, isWhole } from './free.ts';
import { byId } from './instance.ts';
import type { Device, Host, Need } from './resources.ts';

/** What of a host can hold a need, or could if it were empty. Feasibility alone: nothing here prefers one to another. */

/** Whether a host may get a new instance of this kind at all, however full it is. */
export const takes = (host: Host, need: Pick<Need, 'runtime' | 'labels'>): boolean =>
  isOpen(host) && host.runtimes.includes(need.runtime) && hasLabels(host, need.labels);

export const isOpen = ({ cordoned, draining, lost }: Host): boolean => !cordoned && !draining && !lost;

export function hasLabels({ labels }: Pick<Host, 'labels'>, wanted: Need['labels']): boolean {
  for (const key in wanted) if (!Object.hasOwn(labels, key) || labels[key] !== wanted[key]) return false;
  return true;
}

/** Whether a GPU's name has every word of the type, in any case and order: `A100 80GB` is `NVIDIA A100-SXM4-80GB`, `A10` is not. */
export function isOfType(name: string, type: string | null): boolean {
  if (type === null) return true;
  const has = wordsOf(name);
  return wordsOf(type).every((word) => has.includes(word));
}

const wordsOf = (text: string): readonly string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? [];

/** Whether a GPU is of the kind that a need asks for, however full it is. */
export const isSuited = (device: Device, { vramMiB, gpuType }: Pick<Need, 'vramMiB' | 'gpuType'>): boolean =>
  device.vramMiB >= vramMiB && isOfType(device.name, gpuType);

/** Everything but the GPUs. */
export const hasRoomBeside = (free: FreeResources, { memoryMiB, cpus }: Pick<Need, 'memoryMiB' | 'cpus'>): boolean =>
  free.memoryMiB >= memoryMiB && free.cpus >= cpus;

/**
 * The sets of GPUs that may be taken; empty where the need does not fit. Whole GPUs: the smallest that suffice, so that
 * large ones stay free. A share: one of each kind and fill that has the memory, since two alike are as good as each other.
 */
export function deviceChoices(free: FreeResources, need: Need): readonly (readonly FreeDevice[])[] {
  if (!hasRoomBeside(free, need)) return [];
  if (need.gpus === 0 && need.gpuShareMiB === 0) return [[]];
  const enough = (device: FreeDevice): boolean =>
    need.gpuShareMiB > 0 ? device.freeMiB >= need.gpuShareMiB : isWhole(device);
  const suited = free.devices.filter((device) => enough(device) && isSuited(device, need));
  if (suited.length < Math.max(1, need.gpus)) return [];
  suited.sort(bySize);
  if (need.gpuShareMiB === 0) return [suited.slice(0, need.gpus)];
  return suited
    .filter((device, n) => !suited.slice(0, n).some((earlier) => areAlike(earlier, device)))
    .map((device) => [device]);
}

export const fits = (free: FreeResources, need: Need): boolean => deviceChoices(free, need).length > 0;

/** What is left once a need has taken these GPUs. */
export function freeAfter(free: FreeResources, need: Need, taken: readonly FreeDevice[]): FreeResources {
  const share = (device: FreeDevice): number => (need.gpuShareMiB > 0 ? need.gpuShareMiB : device.freeMiB);
  return {
    memoryMiB: free.memoryMiB - need.memoryMiB,
    cpus: free.cpus - need.cpus,
    devices:
      taken.length === 0
        ? free.devices
        : free.devices
            .map((device) => (taken.includes(device) ? { ...device, freeMiB: device.freeMiB - share(device) } : device))
            .filter(({ freeMiB }) => freeMiB > 0),
  };
}

const areAlike = (a: FreeDevice, b: FreeDevice): boolean =>
  a.freeMiB === b.freeMiB && a.vramMiB === b.vramMiB && a.name === b.name;

const bySize = (a: Device, b: Device): number => a.vramMiB - b.vramMiB || byId(a, b);
