import type { BootPhase, Failure, PullProgress } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { Bus } from '@hearth/queue';
import type { InstanceRow, Store } from '@hearth/store';
import { type Clock, pause } from './clock.ts';
import type { Exits } from './exits.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { PullNotes } from './pull-notes.ts';
import type { Pulls } from './pulls.ts';
import { type ReadHealth, throwIfSetupFailed } from './readiness.ts';
import { BootFailure, type BootSpec, type Runtime } from './runtime/runtime.ts';
import type { Runtimes } from './runtimes.ts';
import { awaitServer, isPortClash, launch } from './server-boot.ts';
import type { DeploymentStatuses } from './status.ts';

export interface BootDeps {
  readonly store: Store;
  readonly runtimes: Runtimes;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly exits: Exits;
  readonly statuses: DeploymentStatuses;
  readonly metrics: SchedulerMetrics;
  readonly pulls: Pulls;
  readonly readHealth: ReadHealth;
  readonly setupTimeoutMs: number;
  readonly isLeading?: () => boolean;
}

/** Grace for a server whose boot has failed: it holds nothing. */
const FAILED_BOOT_GRACE_MS = 1_000;
/** Between tries to remove what is left of it. */
const REMOVE_AGAIN_MS = 1_000;

interface Running {
  readonly giveUp: AbortController;
  readonly done: Promise<void>;
}

/** The boots in progress, one per instance. Each runs in the background, from its row to `ready` or `failed`. */
export class Boots {
  readonly #deps: BootDeps;
  readonly #running = new Map<string, Running>();
  /** Whose row is being written: a reconciliation that already reads it must not take it for a leftover. */
  readonly #placing = new Set<string>();
  /** By version, the quickest setup that this process saw. */
  readonly #quickestMs = new Map<string, number>();

  constructor(deps: BootDeps) {
    this.#deps = deps;
  }

  has(instanceId: string): boolean {
    return this.#running.has(instanceId) || this.#placing.has(instanceId);
  }

  /** Writes the row of an instance and boots it; resolves when the row is written. */
  async begin(spec: BootSpec, insertRow: () => Promise<InstanceRow>): Promise<void> {
    this.#placing.add(spec.instanceId);
    try {
      this.#boot(await insertRow(), spec);
    } finally {
      this.#placing.delete(spec.instanceId);
    }
  }

  #boot(row: InstanceRow, spec: BootSpec): void {
    this.#run(row, async (runtime, phases, signal) => {
      const { clock, bus } = this.#deps;
      const pull = new PullNotes(clock, (progress) => this.#pulled(row, progress));
      const onPhase = (phase: BootPhase): void => phases.stamp(phase);
      try {
        const onPull = (progress: PullProgress): void => pull.note(progress);
        const { address } = await launch({ ...this.#deps, runtime, spec, signal, onPhase, onPull });
        phases.stamp('setup', clock.now(), address);
        // It makes ready for it while the server sets up.
        void phases.settled().then(() => bus.poke('dispatcher'));
        return address;
      } finally {
        pull.close();
      }
    });
  }

  /** Goes on with a boot that an earlier scheduler had started. */
  resume(row: InstanceRow, address: string): void {
    this.#run(row, async (_runtime, phases) => {
      if (row.phases.setup === undefined) phases.stamp('setup', this.#deps.clock.now(), address);
      return address;
    });
  }

  /** Ends the boot of an instance that leaves; resolves once it touches nothing any more. */
  async giveUp(instanceId: string): Promise<void> {
    const running = this.#running.get(instanceId);
    running?.giveUp.abort();
    await running?.done;
  }

  /** Ends every boot and leaves what is started for the next scheduler. */
  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.giveUp(id)));
  }

  #run(row: InstanceRow, start: (runtime: Runtime, phases: PhaseStamps, signal: AbortSignal) => Promise<string>): void {
    if (this.#running.has(row.id)) return;
    const giveUp = new AbortController();
    const done = this.#untilOver(row, start, giveUp).finally(() => this.#running.delete(row.id));
    this.#running.set(row.id, { giveUp, done });
  }

  /** Never rejects: what goes wrong ends on the row, and what even that can't hold in the log. */
  async #untilOver(
    row: InstanceRow,
    start: (runtime: Runtime, phases: PhaseStamps, signal: AbortSignal) => Promise<string>,
    giveUp: AbortController,
  ): Promise<void> {
    const { store, runtimes, clock, exits, log } = this.#deps;
    const phases = new PhaseStamps(store, row, clock, () => giveUp.abort());
    const attempt = async (): Promise<void> => {
      const expectation = exits.expect(row.id);
      try {
        const runtime = runtimes.of(row);
        const address = await start(runtime, phases, giveUp.signal);
        await this.#untilReady(runtime, row, address, expectation.exited, giveUp.signal);
        await phases.written();
        await this.#booted(row, address);
      } finally {
        const unseen = expectation.release();
        if (unseen !== null) exits.happened(unseen);
      }
    };
    const again = async (error: unknown): Promise<void> => {
      // Not for a boot that was taken over: the token that its server was given is not known here.
      if (!isPortClash(error) || row.phases.setup !== undefined) throw error;
      await runtimes.of(row).stop(row.id, { address: null, graceMs: 0 });
      await attempt();
    };
    const fail = async (error: unknown): Promise<void> => {
      await phases.settled();
      if (giveUp.signal.aborted) log.debug({ instanceId: row.id }, 'boot given up');
      else await this.#failed(row, error, phases.latest, giveUp.signal);
    };
    await attempt()
      .catch(again)
      .catch(fail)
      .catch((error: unknown) => {
        log.error(
          { err: error, instanceId: row.id },
          'a boot ended without a word on its row; the reconciliation looks again',
        );
      });
  }

  #pulled(row: InstanceRow, progress: PullProgress): void {
    const { store, log } = this.#deps;
    store.instances.pulled(row.id, progress).catch((error: unknown) => {
      log.debug({ err: error, instanceId: row.id }, 'how far a pull is was not written; the next note makes up for it');
    });
  }

  async #untilReady(
    runtime: Runtime,
    row: InstanceRow,
    address: string,
    exited: ReturnType<Exits['expect']>['exited'],
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, readHealth, setupTimeoutMs } = this.#deps;
    const startedAt = row.phases.setup ?? clock.now();
    const quickestMs = this.#quickestMs.get(row.versionId);
    await awaitServer({
      runtime,
      clock,
      instanceId: row.id,
      memoryMiB: row.memoryMiB,
      startedAt,
      setupTimeoutMs,
      ...(quickestMs !== undefined && { quickestMs }),
      exited,
      signal,
      probe: async (signal) => {
        const health = await readHealth(address, signal);
        throwIfSetupFailed(health);
        return health?.status === 'READY' ? true : null;
      },
    });
    this.#quickestMs.set(row.versionId, Math.min(quickestMs ?? Infinity, clock.now() - startedAt));
  }

  async #booted(row: InstanceRow, address: string): Promise<void> {
    const { store, bus, clock, log, statuses, metrics } = this.#deps;
    const at = clock.now();
    const ready = await store.instances.move(row.id, 'booting', 'booted', { at, address });
    // It leaves already; whoever moved it on stops it.
    if (ready === null) return;
    bus.poke('dispatcher');
    metrics.booted((at - row.since) / 1_000);
    log.info({ instanceId: row.id, deploymentId: row.deploymentId, bootMs: at - row.since }, 'ready');
    await statuses.bootSucceeded(row);
    bus.poke('scheduler');
  }

  async #failed(row: InstanceRow, error: unknown, phase: BootPhase, signal: AbortSignal): Promise<void> {
    const { store, bus, clock, log, statuses, metrics, isLeading } = this.#deps;
    const failure: Failure = { ...this.#describe(row, error), phase, at: clock.now() };
    // Once the row has moved, nobody counts the memory and the GPUs that what is left of it holds.
    for (let removed = false; !removed; ) {
      const state = (await store.instances.get(row.id))?.state;
      // The move was made, and only its answer lost: it is up, and may be busy by now.
      if (state === 'ready') return statuses.bootSucceeded(row);
      // Another scheduler goes on with it, or has given it up.
      if (state !== 'booting' || isLeading?.() === false) return;
      removed = await this.#removed(row, signal);
      // Whoever gave it up sees to what is left.
      if (!removed && signal.aborted) return;
    }
    // Before the row moves: a cycle in between would find nobody booting and no reason to wait, and boot again at once.
    await statuses.bootFailed(row, failure);
    const change = { at: failure.at, reason: failure.message, failure };
    if ((await store.instances.move(row.id, 'booting', 'bootFailed', change)) === null) return;
    metrics.bootFailed(failure.kind);
    const { kind, message, exitCode } = failure;
    log.warn({ instanceId: row.id, deploymentId: row.deploymentId, kind, phase, exitCode }, `boot failed: ${message}`);
    bus.poke('dispatcher');
    bus.poke('scheduler');
  }

  /** Waits a little where it answers false, unless the boot is given up. */
  async #removed(row: InstanceRow, signal: AbortSignal): Promise<boolean> {
    const { runtimes, clock, log } = this.#deps;
    try {
      await runtimes.of(row).stop(row.id, { address: row.address, graceMs: FAILED_BOOT_GRACE_MS });
      return true;
    } catch (error) {
      log.warn({ err: error, instanceId: row.id }, 'not removed after its boot failed; tried again');
      await pause(clock, REMOVE_AGAIN_MS, signal);
      return false;
    }
  }

  /** An error that no runtime classified is the platform's own: the instance is lost, and the words are in the log. */
  #describe(row: InstanceRow, error: unknown): Pick<Failure, 'kind' | 'message' | 'logTail' | 'exitCode'> {
    if (error instanceof BootFailure) {
      const { kind, message, logTail, exitCode } = error;
      return { kind, message, logTail, exitCode };
    }
    this.#deps.log.error({ err: error, instanceId: row.id }, 'a boot failed for a reason of the platform');
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'lost', message: `The platform failed to boot it: ${message}`, logTail: '', exitCode: null };
  }
}

/** Writes the phases of one boot in order, beside the boot: a round trip to the store must not lengthen it. */
class PhaseStamps {
  readonly #store: Store;
  readonly #row: InstanceRow;
  readonly #clock: Clock;
  readonly #leaving: () => void;
  #writing: Promise<void> = Promise.resolve();
  #error: unknown = null;
  #latest: BootPhase = 'place';

  /** `leaving` is called when the row says that the instance does not boot any more. */
  constructor(store: Store, row: InstanceRow, clock: Clock, leaving: () => void) {
    this.#store = store;
    this.#row = row;
    this.#clock = clock;
    this.#leaving = leaving;
    this.#latest = row.phases.setup === undefined ? 'place' : 'setup';
  }

  get latest(): BootPhase {
    return this.#latest;
  }

  stamp(phase: BootPhase, at = this.#clock.now(), address?: string): void {
    this.#latest = phase;
    const write = async (): Promise<void> => {
      if (!(await this.#store.instances.stampPhase(this.#row.id, phase, at, address))) this.#leaving();
    };
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#error ??= error;
    });
  }

  /** Resolves when nothing is being written. */
  settled(): Promise<void> {
    return this.#writing;
  }

  /** @throws what a write threw; the boot then fails, because its row can't be trusted */
  async written(): Promise<void> {
    await this.#writing;
    if (this.#error !== null) throw this.#error;
  }
}
