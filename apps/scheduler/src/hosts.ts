import { execFile } from 'node:child_process';
import { hostname } from 'node:os';
import { promisify } from 'node:util';
import type { Device, RuntimeKind } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { HostRow, Store } from '@hearth/store';
import type { Clock } from './clock.ts';
import { codeOf } from './errors.ts';
import type { Capacity } from './runtime/runtime.ts';
import type { Runtimes } from './runtimes.ts';

/** This machine: the only host so far. */
const LOCAL_HOST_ID = 'local';

/** What this machine offers to models, found out by asking it, and told to the store. */
export class Fleet {
  readonly #store: Store;
  readonly #runtimes: Runtimes;
  readonly #clock: Clock;
  readonly #log: Logger;
  #capacities = new Map<RuntimeKind, Capacity>();

  constructor(store: Store, runtimes: Runtimes, clock: Clock, log: Logger) {
    this.#store = store;
    this.#runtimes = runtimes;
    this.#clock = clock;
    this.#log = log;
  }

  /** Looks, and writes the host's row. An operator's cordon stays. */
  async detect(): Promise<HostRow> {
    const [devices, known] = await Promise.all([detectDevices(this.#log), this.#store.hosts.list()]);
    const before = this.#capacities;
    this.#capacities = new Map(
      await Promise.all(this.#runtimes.all.map(async (runtime) => [runtime.kind, await runtime.capacity()] as const)),
    );
    for (const [kind, { available, note }] of this.#capacities) {
      if (before.get(kind)?.note !== note) this.#log.info({ runtime: kind, available }, note);
    }
    const available = [...this.#capacities].filter(([, capacity]) => capacity.available);
    const host: HostRow = {
      id: LOCAL_HOST_ID,
      name: hostname(),
      runtimes: available.map(([kind]) => kind),
      cordoned: known.find((h) => h.id === LOCAL_HOST_ID)?.cordoned ?? false,
      memoryMiB: this.memoryMiB,
      devices,
      runtimeNotes: Object.fromEntries([...this.#capacities].map(([kind, { note }]) => [kind, note])),
      lastSeenAt: this.#clock.now(),
    };
    await this.#store.hosts.upsert(host);
    return host;
  }

  /** Under which name of this machine the instances of a runtime reach the platform. */
  callbackHost(kind: RuntimeKind): string {
    return this.#capacities.get(kind)?.callbackHost ?? '127.0.0.1';
  }

  /** For all instances together, of whichever runtime has the most. */
  get memoryMiB(): number {
    return Math.max(0, ...[...this.#capacities.values()].map((capacity) => capacity.memoryMiB));
  }

  isAvailable(kind: RuntimeKind): boolean {
    return this.#capacities.get(kind)?.available ?? false;
  }

  /** Why a runtime can't run anything. */
  noteOf(kind: RuntimeKind): string {
    return this.#capacities.get(kind)?.note ?? `The ${kind} runtime is switched off (HEARTH_RUNTIME).`;
  }
}

const NVIDIA_SMI_TIMEOUT_MS = 10_000;

/** The NVIDIA GPUs of this machine; none where their tool is missing. */
async function detectDevices(log: Logger): Promise<Device[]> {
  try {
    const query = ['--query-gpu=uuid,name,memory.total', '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: NVIDIA_SMI_TIMEOUT_MS });
    return parseDevices(stdout);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') log.warn({ err: error }, 'nvidia-smi failed: no GPU is offered');
    return [];
  }
}

/** Lines of `GPU-<uuid>, <name>, <MiB>`. */
export function parseDevices(csv: string): Device[] {
  return csv.split('\n').flatMap((line) => {
    const [id, name, vramMiB] = line.split(',').map((field) => field.trim());
    return id && name && Number(vramMiB) > 0 ? [{ id, name, vramMiB: Number(vramMiB) }] : [];
  });
}
