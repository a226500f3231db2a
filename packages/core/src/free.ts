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

/** Works out what holders leave free of a host: {@link freeBeside}, or one that remembers. */
export type Reckon = (host: Host, holders: readonly Holder[]) => FreeResources;

/** Who holds what, by host: a change on one host leaves what is known of the others as it is. */
export class Ledger {
  readonly #holders: Map<string, readonly Holder[]>;
  readonly #free = new Map<string, FreeResources>();
  readonly #reckon: Reckon;

  constructor(holders: readonly Holder[], reckon: Reckon = freeBeside) {
    this.#holders = Map.groupBy(holders, ({ hostId }) => hostId);
    this.#reckon = reckon;
  }

  add(holder: Holder): void {
    this.#change(holder.hostId, [...this.#on(holder.hostId), holder]);
  }

  remove(holder: Holder): void {
    this.#change(
      holder.hostId,
      this.#on(holder.hostId).filter((other) => other !== holder),
    );
  }

  has(holder: Holder): boolean {
    return this.#on(holder.hostId).includes(holder);
  }

  free(host: Host): FreeResources {
    const known = this.#free.get(host.id);
    if (known !== undefined) return known;
    const free = this.#reckon(host, this.#on(host.id));
    this.#free.set(host.id, free);
    return free;
  }

  #on(hostId: string): readonly Holder[] {
    return this.#holders.get(hostId) ?? [];
  }

  #change(hostId: string, holders: readonly Holder[]): void {
    this.#holders.set(hostId, holders);
    this.#free.delete(hostId);
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
