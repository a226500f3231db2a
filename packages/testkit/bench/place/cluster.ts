import {
  type FreeDevice,
  type FreeResources,
  freeAfter,
  freeBeside,
  type Host,
  isWhole,
  type Need,
} from '@hearth/core';

/** Hosts that fill up and never empty. What is free on a host stays one object until something is placed there. */
export class Cluster {
  readonly hosts: readonly Host[];
  readonly capacityMiB: number;
  readonly #free: Map<string, FreeResources>;
  #allocatedMiB = 0;

  constructor(hosts: readonly Host[]) {
    this.hosts = hosts;
    this.#free = new Map(hosts.map((host) => [host.id, freeBeside(host, [])]));
    this.capacityMiB = hosts.flatMap(({ devices }) => devices).reduce((sum, { vramMiB }) => sum + vramMiB, 0);
  }

  readonly free = (host: Host): FreeResources => {
    const free = this.#free.get(host.id);
    if (free === undefined) throw new Error(`${host.id} is not of this cluster`);
    return free;
  };

  /** @throws Error where the place is taken, or too small: no policy may give away what it has not */
  take(hostId: string, deviceIds: readonly string[], need: Need): void {
    const free = this.#free.get(hostId);
    const devices = free?.devices.filter(({ id }) => deviceIds.includes(id)) ?? [];
    const wanted = need.gpuShareMiB > 0 ? 1 : need.gpus;
    const holds = (device: FreeDevice): boolean =>
      need.gpuShareMiB > 0 ? device.freeMiB >= need.gpuShareMiB : isWhole(device);
    if (free === undefined || deviceIds.length !== wanted || devices.length !== wanted || !devices.every(holds)) {
      throw new Error(`${hostId} cannot give ${JSON.stringify(deviceIds)} to ${JSON.stringify(need)}`);
    }
    const after = freeAfter(free, need, devices);
    if (after.memoryMiB < 0 || after.cpus < 0) throw new Error(`${hostId} has no room for ${JSON.stringify(need)}`);
    this.#free.set(hostId, after);
    this.#allocatedMiB += askedMiB(need);
  }

  /** Of all GPUs, 0…1. */
  get allocated(): number {
    return this.#allocatedMiB / this.capacityMiB;
  }
}

/** GPUs in the trace's thousandths. */
export const askedMiB = ({ gpus, gpuShareMiB }: Need): number => gpus * 1_000 + gpuShareMiB;
