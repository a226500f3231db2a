import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Lingering, lingering, type MeasuredVram, type Millis, type Stopped, type VramReport } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { Observation, Store } from '@hearth/store';
import type { Clock } from './clock.ts';
import { codeOf } from './errors.ts';
import { heldByInstance, instanceOf, PROCESS_QUERY, parseProcesses, parseUsed, USED_QUERY } from './nvidia-smi.ts';
import { LOCAL_HOST_ID } from './runtimes.ts';

const NVIDIA_SMI_TIMEOUT_MS = 10_000;
/** While instances hold GPUs of this machine. Asking takes tens of milliseconds. */
const LOOK_EVERY_MS = 5_000;
/** While one that stopped may still hold some. */
const LOOK_AFTER_STOP_MS = 500;
/** Stopped instances are remembered longer than any report is believed. */
const FORGET_AFTER_MS = 120_000;

type Observed = Observation['instances'][number];

export interface GpuMemoryDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called when what lingered may linger no more. */
  readonly changed: () => void;
  /** Answers what `nvidia-smi` prints. @throws what keeps it from it */
  readonly nvidiaSmi?: (query: readonly string[]) => Promise<string>;
}

const nvidiaSmi = async (query: readonly string[]): Promise<string> =>
  (await promisify(execFile)('nvidia-smi', query, { timeout: NVIDIA_SMI_TIMEOUT_MS })).stdout;

/**
 * What the GPUs of this machine say of their memory: which of it is not free yet after a stop, and how much instances
 * hold. Where there is no `nvidia-smi` it is asked once; the GPUs of other hosts tell nothing.
 */
export class GpuMemory {
  readonly #deps: Required<GpuMemoryDeps>;
  readonly #reports = new Map<string, VramReport>();
  /** By version and mode, the most that is known. */
  readonly #most = new Map<string, number>();
  #holding: readonly Observed[] = [];
  #stopped: readonly (Observed & Stopped)[] = [];
  #lookedAt: Millis = -Infinity;
  #looking: Promise<void> | null = null;
  #isMissing = false;

  constructor(deps: GpuMemoryDeps) {
    this.#deps = { nvidiaSmi, ...deps };
  }

  /** Takes in who holds GPUs now and who has stopped since, and looks at the GPUs when it is time. */
  look({ instances, deployments }: Pick<Observation, 'instances' | 'deployments'>): void {
    const now = this.#deps.clock.now();
    const holding = instances.filter(({ deviceIds }) => deviceIds.length > 0);
    const ids = new Set(holding.map(({ id }) => id));
    const gone = this.#holding.filter(({ id }) => !ids.has(id)).map((one) => ({ ...one, stoppedAt: now }));
    this.#stopped = [...this.#stopped.filter((one) => now - one.stoppedAt < FORGET_AFTER_MS), ...gone];
    this.#holding = holding;
    const every = this.lingering().length > 0 ? LOOK_AFTER_STOP_MS : LOOK_EVERY_MS;
    const isAny = [...holding, ...this.#stopped].some(({ hostId }) => hostId === LOCAL_HOST_ID);
    if (!isAny || this.#isMissing || this.#looking !== null || now - this.#lookedAt < every) return;
    const modes = new Map(deployments.map(({ id, mode }) => [id, mode]));
    this.#lookedAt = now;
    this.#looking = this.#ask(modes).finally(() => {
      this.#looking = null;
    });
  }

  lingering(): readonly Lingering[] {
    return lingering(this.#stopped, this.#holding, this.#reports, this.#deps.clock.now());
  }

  /** Resolves when no look is under way. */
  async idle(): Promise<void> {
    await this.#looking;
  }

  async #ask(modes: ReadonlyMap<string, 'predict' | 'train'>): Promise<void> {
    const { clock, log, changed, nvidiaSmi } = this.#deps;
    const at = clock.now();
    try {
      const [used, listed] = await Promise.all([nvidiaSmi(USED_QUERY), nvidiaSmi(PROCESS_QUERY)]);
      const before = this.lingering().length;
      const gpus = parseUsed(used);
      for (const { deviceId, usedMiB } of gpus) this.#reports.set(deviceId, { at, usedMiB });
      const processes = await Promise.all(
        parseProcesses(listed).map(async (one) => ({ ...one, instanceId: await ownerOf(one.pid) })),
      );
      const held = heldByInstance(gpus, processes, this.#holding);
      for (const instance of this.#holding) {
        const mode = modes.get(instance.deploymentId);
        const seen = held.get(instance.id);
        if (mode !== undefined && seen !== undefined) await this.#saw(instance.versionId, mode, seen);
      }
      if (this.lingering().length < before) changed();
    } catch (error) {
      this.#isMissing = codeOf(error) === 'ENOENT';
      if (!this.#isMissing) log.warn({ err: error }, 'the memory of the GPUs was not read; it is tried again');
    }
  }

  async #saw(versionId: string, mode: 'predict' | 'train', seen: MeasuredVram): Promise<void> {
    const key = `${versionId} ${mode}`;
    if (seen.usedMiB <= (this.#most.get(key) ?? 0)) return;
    await this.#deps.store.instances.sawVram(versionId, mode, seen);
    this.#most.set(key, seen.usedMiB);
  }
}

async function ownerOf(pid: number): Promise<string | null> {
  try {
    return instanceOf(await readFile(`/proc/${pid}/environ`, 'utf8'));
  } catch {
    // It has ended, or is another user's, as in most containers: then the GPU's own figure has to do.
    return null;
  }
}
