import type { Host, Instance } from '@hearth/core';

/** What must never happen, and how often it did. */
export interface Violations {
  /** More host memory or cores promised than a host has. */
  readonly overMemory: number;
  readonly overCpus: number;
  /** A GPU held whole beside others, or more of its memory promised than it has. */
  readonly overGpu: number;
  /** Placed where no new instance may go: unknown, cordoned, draining or lost hosts, GPUs that are not there. */
  readonly misplaced: number;
  /** Stopped while it held predictions, or while it could still take one. */
  readonly busyStopped: number;
  /** More instances coming or serving than the deployment's maximum. */
  readonly overMaximum: number;
  /** Predictions that are neither waiting, running, failed nor finished; two that came of one count too. */
  readonly lost: number;
}

interface Room {
  memoryMiB: number;
  cpus: number;
  readonly gpus: ReadonlyMap<string, { readonly vramMiB: number; freeMiB: number }>;
}

type Held = Pick<Instance, 'hostId' | 'deviceIds' | 'gpuShareMiB' | 'memoryMiB' | 'cpus'>;

/**
 * Books of its own beside those of the planner: what it takes for free is worked out nowhere else, so a planner that
 * forgets somebody is found out.
 */
export class Audit {
  readonly #rooms = new Map<string, Room>();
  readonly #counts = {
    overMemory: 0,
    overCpus: 0,
    overGpu: 0,
    misplaced: 0,
    busyStopped: 0,
    overMaximum: 0,
    lost: 0,
  } satisfies Record<keyof Violations, number>;

  constructor(hosts: readonly Host[]) {
    for (const { id, memoryMiB, cpus, devices } of hosts) {
      const gpus = new Map(devices.map(({ id: gpu, vramMiB }) => [gpu, { vramMiB, freeMiB: vramMiB }]));
      this.#rooms.set(id, { memoryMiB, cpus: cpus ?? Infinity, gpus });
    }
  }

  violations(): Violations {
    return { ...this.#counts };
  }

  booted(instance: Held, host: Host | undefined): void {
    const room = this.#rooms.get(instance.hostId);
    if (host === undefined || room === undefined) {
      this.#counts.misplaced++;
      return;
    }
    if (host.cordoned || host.draining || host.lost) this.#counts.misplaced++;
    room.memoryMiB -= instance.memoryMiB;
    room.cpus -= instance.cpus;
    if (room.memoryMiB < 0) this.#counts.overMemory++;
    if (room.cpus < 0) this.#counts.overCpus++;
    for (const id of instance.deviceIds) {
      const gpu = room.gpus.get(id);
      if (gpu === undefined) {
        this.#counts.misplaced++;
        continue;
      }
      gpu.freeMiB -= instance.gpuShareMiB > 0 ? instance.gpuShareMiB : gpu.vramMiB;
      if (gpu.freeMiB < 0) this.#counts.overGpu++;
    }
  }

  gone(instance: Held): void {
    const room = this.#rooms.get(instance.hostId);
    if (room === undefined) return;
    room.memoryMiB += instance.memoryMiB;
    room.cpus += instance.cpus;
    for (const id of instance.deviceIds) {
      const gpu = room.gpus.get(id);
      if (gpu !== undefined) gpu.freeMiB += instance.gpuShareMiB > 0 ? instance.gpuShareMiB : gpu.vramMiB;
    }
  }

  stopped({ inFlight, intakeClosed, state }: Pick<Instance, 'inFlight' | 'intakeClosed' | 'state'>): void {
    if (state !== 'booting' && (inFlight > 0 || !intakeClosed)) this.#counts.busyStopped++;
  }

  coming(instances: number, maxInstances: number): void {
    if (instances > maxInstances) this.#counts.overMaximum++;
  }

  accounted(arrived: number, found: number): void {
    this.#counts.lost = Math.max(this.#counts.lost, Math.abs(arrived - found));
  }
}
