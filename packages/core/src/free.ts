import type { Device, Host, Placement } from './resources.ts';

/** Anything that holds resources on a host: an instance, or a promise to one. */
export interface Holder extends Placement {
  /** Of an instance; a promise has none. */
  readonly id?: string;
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

/** One host in a ledger. What is free there is worked out when somebody asks. */
interface Account {
  readonly holders: readonly Holder[];
  known: { readonly host: Host; readonly free: FreeResources } | null;
}

const EMPTY: Account = { holders: [], known: null };

/**
 * Who holds what, by host: a change on one host leaves what is known of the others as it is. What is `put` stays; what is
 * added and removed is tried, until it is taken back.
 */
export class Ledger {
  readonly #accounts = new Map<string, Account>();
  /** As they were before anything was tried on them. */
  readonly #tried = new Map<string, Account>();

  constructor(holders: readonly Holder[] = []) {
    for (const [hostId, here] of Map.groupBy(holders, ({ hostId }) => hostId)) this.put(hostId, here);
  }

  /** From now on these hold something on that host, and nobody else. */
  put(hostId: string, holders: readonly Holder[]): void {
    if (holders.length === 0) this.#accounts.delete(hostId);
    else this.#accounts.set(hostId, { holders, known: null });
  }

  add(holder: Holder): void {
    this.#try(holder.hostId, [...this.#on(holder.hostId).holders, holder]);
  }

  remove({ hostId, id }: Pick<Holder, 'hostId' | 'id'>): void {
    this.#try(
      hostId,
      this.#on(hostId).holders.filter((other) => other.id !== id),
    );
  }

  /** Forgets what was tried; answers on which hosts that was. */
  takeBack(): readonly string[] {
    const hostIds = [...this.#tried.keys()];
    for (const [hostId, account] of this.#tried) this.#accounts.set(hostId, account);
    this.#tried.clear();
    return hostIds;
  }

  free(host: Host): FreeResources {
    const account = this.#on(host.id);
    if (account.known?.host === host) return account.known.free;
    const free = freeBeside(host, account.holders);
    const known = { host, free };
    if (account === EMPTY) this.#accounts.set(host.id, { holders: [], known });
    else account.known = known;
    return free;
  }

  #on(hostId: string): Account {
    return this.#accounts.get(hostId) ?? EMPTY;
  }

  #try(hostId: string, holders: readonly Holder[]): void {
    if (!this.#tried.has(hostId)) this.#tried.set(hostId, this.#on(hostId));
    this.#accounts.set(hostId, { holders, known: null });
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
