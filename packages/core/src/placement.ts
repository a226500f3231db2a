import { byId } from './instance.ts';
import type { Device, Host, Need, Placement, RuntimeKind } from './resources.ts';

/** Anything that holds resources on a host: an instance, or a promise to one. */
export interface Holder extends Placement {
  readonly memoryMiB: number;
}

/** What a host has left. Memory is negative where an operator shrank a host below what it runs. */
export interface FreeResources {
  readonly memoryMiB: number;
  readonly devices: readonly Device[];
}

/** What is free on a host, under some view of the world. */
export type Free = (host: Host) => FreeResources;

/** What these leave free. Sorts them by host once, because a cycle asks about every host many times. */
export function freeGiven(holders: readonly Holder[]): Free {
  const byHost = new Map<string, Holder[]>();
  for (const holder of holders) {
    const here = byHost.get(holder.hostId);
    if (here === undefined) byHost.set(holder.hostId, [holder]);
    else here.push(holder);
  }
  return (host) => {
    const here = byHost.get(host.id) ?? [];
    const taken = new Set(here.flatMap((h) => h.deviceIds));
    return {
      memoryMiB: here.reduce((left, h) => left - h.memoryMiB, host.memoryMiB),
      devices: host.devices.filter((d) => !taken.has(d.id)),
    };
  };
}

/** Whether a host may get a new instance of this kind at all, however full it is. */
export const takes = (host: Host, runtime: RuntimeKind): boolean => !host.cordoned && host.runtimes.includes(runtime);

/** The GPUs to take, the smallest that suffice, so that large ones stay free; null where the need does not fit. */
function devicesFor(free: FreeResources, need: Need): readonly Device[] | null {
  if (free.memoryMiB < need.memoryMiB) return null;
  const suited = free.devices
    .filter((d) => d.vramMiB >= need.vramMiB)
    .toSorted((a, b) => a.vramMiB - b.vramMiB || byId(a, b));
  return suited.length < need.gpus ? null : suited.slice(0, need.gpus);
}

/**
 * Best fit, so that large gaps stay whole: the least GPU memory taken, then the fewest free GPUs left on the host (which
 * also keeps CPU models off hosts whose GPUs are free), then the least memory left. Null where nothing fits.
 */
export function placeOn(hosts: readonly Host[], free: Free, need: Need): Placement | null {
  const options = hosts.flatMap((host) => {
    if (!takes(host, need.runtime)) return [];
    const left = free(host);
    const devices = devicesFor(left, need);
    if (devices === null) return [];
    return {
      host,
      devices,
      vramMiB: devices.reduce((sum, d) => sum + d.vramMiB, 0),
      gpusLeft: left.devices.length - devices.length,
      memoryLeftMiB: left.memoryMiB - need.memoryMiB,
    };
  });
  const [best] = options.toSorted(
    (a, b) =>
      a.vramMiB - b.vramMiB || a.gpusLeft - b.gpusLeft || a.memoryLeftMiB - b.memoryLeftMiB || byId(a.host, b.host),
  );
  return best === undefined ? null : { hostId: best.host.id, deviceIds: best.devices.map((d) => d.id) };
}

export interface Refusal {
  /** `no-hardware`: not even an empty fleet could hold it. `cordoned`, `no-capacity`: it could, but not now. */
  readonly reason: 'no-hardware' | 'cordoned' | 'no-capacity';
  /** A sentence that the user can act on. */
  readonly detail: string;
}

/** Why `placeOn` found nothing, from the most general cause to the most particular. */
export function whyNot(hosts: readonly Host[], need: Need): Refusal {
  const impossible = (detail: string): Refusal => ({ reason: 'no-hardware', detail });
  if (hosts.length === 0) return impossible('There is no host.');

  const running = hosts.filter((h) => h.runtimes.includes(need.runtime)).toSorted(byId);
  if (running.length === 0) {
    return impossible(need.runtime === 'docker' ? 'No host runs Docker images.' : 'No host runs models as processes.');
  }
  const suitedGpus = (h: Host): number => h.devices.filter((d) => d.vramMiB >= need.vramMiB).length;
  const mostGpus = Math.max(...running.map(suitedGpus));
  if (need.gpus > 0 && mostGpus === 0) return impossible(`No host has a GPU with at least ${need.vramMiB} MiB.`);
  if (mostGpus < need.gpus) {
    return impossible(
      `An instance needs ${need.gpus} GPUs with at least ${need.vramMiB} MiB on one host; no host has more than ${mostGpus}.`,
    );
  }
  const mostMemoryMiB = Math.max(...running.map((h) => h.memoryMiB));
  if (mostMemoryMiB < need.memoryMiB) {
    return impossible(`An instance needs ${need.memoryMiB} MiB of memory; the largest host has ${mostMemoryMiB} MiB.`);
  }
  const fitting = running.filter((h) => devicesFor({ memoryMiB: h.memoryMiB, devices: h.devices }, need) !== null);
  if (fitting.length === 0) {
    return impossible(
      `No host has ${need.gpus} GPUs with at least ${need.vramMiB} MiB and ${need.memoryMiB} MiB of memory together.`,
    );
  }
  if (fitting.every((h) => h.cordoned)) {
    return {
      reason: 'cordoned',
      detail: `Every host that could hold it is cordoned: ${fitting.map((h) => h.id).join(', ')}.`,
    };
  }
  return { reason: 'no-capacity', detail: 'Every host that could hold it is full.' };
}
