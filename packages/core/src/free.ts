import type { Device, Host, Placement } from './resources.ts';

/** Anything that holds resources on a host: an instance, or a promise to one. */
export interface Holder extends Placement {
  readonly memoryMiB: number;
  readonly cpus: number;
}

/** A GPU and how much of its memory nobody holds. */
export interface FreeDevice extends Device {
  readonly freeMiB: number;
}

/** What a host has left. Memory and cores are negative where an operator shrank a host below what it runs. */
export interface FreeResources {
  readonly memoryMiB: number;
  /** Infinite on a host that promises no cores. */
  readonly cpus: number;
  /** Those with any memory left. */
  readonly devices: readonly FreeDevice[];
}

/** What is free on a host, under some view of the world. The same object until something changes on that host. */
export type Free = (host: Host) => FreeResources;

export const isWhole = (device: FreeDevice): boolean => device.freeMiB === device.vramMiB;

/** What these leave free. */
export function freeGiven(holders: readonly Holder[]): Free {
  const ledger = new Ledger(holders);
  return (host) => ledger.free(host);
}

/** Who holds what, by host: a change on one host leaves what is known of the others as it is. */
export class Ledger {
  readonly #holders = new Map<string, Set<Holder>>();
  readonly #free = new Map<string, FreeResources>();

  constructor(holders: readonly Holder[]) {
    for (const holder of holders) this.add(holder);
  }

  add(holder: Holder): void {
    const here = this.#holders.get(holder.hostId);
    if (here === undefined) this.#holders.set(holder.hostId, new Set([holder]));
    else here.add(holder);
    this.#free.delete(holder.hostId);
  }

  remove(holder: Holder): void {
    this.#holders.get(holder.hostId)?.delete(holder);
    this.#free.delete(holder.hostId);
  }

  has(holder: Holder): boolean {
    return this.#holders.get(holder.hostId)?.has(holder) ?? false;
  }

  free(host: Host): FreeResources {
    const known = this.#free.get(host.id);
    if (known !== undefined) return known;
    const free = freeBeside(host, [...(this.#holders.get(host.id) ?? [])]);
    this.#free.set(host.id, free);
    return free;
  }
}

/** What these, who are all on that host, leave free of it. */
export function freeBeside(host: Host, holders: readonly Holder[]): FreeResources {
  const takenMiB = new Map<string, number>();
  for (const { deviceIds, gpuShareMiB } of holders) {
    const eachMiB = gpuShareMiB > 0 ? gpuShareMiB : Infinity;
    for (const id of deviceIds) takenMiB.set(id, (takenMiB.get(id) ?? 0) + eachMiB);
  }
  return {
    memoryMiB: holders.reduce((left, h) => left - h.memoryMiB, host.memoryMiB),
    cpus: holders.reduce((left, h) => left - h.cpus, host.cpus ?? Infinity),
    devices: host.devices
      .map((device) => ({ ...device, freeMiB: device.vramMiB - (takenMiB.get(device.id) ?? 0) }))
      .filter(({ freeMiB }) => freeMiB > 0),
  };
}

/** What is free in both of two views of a host. */
export function freeInBoth(a: FreeResources, b: FreeResources): FreeResources {
  const freeInB = new Map(b.devices.map((device) => [device.id, device.freeMiB]));
  return {
    memoryMiB: Math.min(a.memoryMiB, b.memoryMiB),
    cpus: Math.min(a.cpus, b.cpus),
    devices: a.devices
      .map((device) => ({ ...device, freeMiB: Math.min(device.freeMiB, freeInB.get(device.id) ?? 0) }))
      .filter(({ freeMiB }) => freeMiB > 0),
  };
}
