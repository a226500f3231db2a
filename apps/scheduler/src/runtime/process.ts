import { stat } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { BootPhase } from '@hearth/core';
import { freePort } from '@hearth/kit';
import type { VersionSource } from '@hearth/store';
import { commandTakesFlags, serverFlags, withFlags } from '../server-flags.ts';
import { hasProc, pidByEnvironment, processFacts, sessionMembers, signalGroup } from './proc.ts';
import { InstanceFolders, type Meta } from './process-folder.ts';
import { environmentOf, MARK, spawnServer } from './process-start.ts';
import { Watch } from './process-watch.ts';
import {
  BootFailure,
  type BootSpec,
  type Capacity,
  type Exit,
  type Found,
  type Runtime,
  type RuntimeListener,
  type StopRequest,
} from './runtime.ts';
import { askToShutDown, SHUTDOWN_ANSWER_MS } from './shutdown.ts';

export interface ProcessRuntimeOptions {
  /** Where each instance gets a folder for its log and its temporary files. */
  readonly folder: string;
  /** Labels what is ours: instances of another installation in the same folder are left alone. */
  readonly installation: string;
}

const UNFENCED = 'They may do whatever the user of Hearth may: run only your own so.';

/**
 * Model servers as child processes of the host: each in a session of its own, so that it outlives the scheduler and its
 * whole family can be ended at once. For laptops, GPUs without Docker, and first steps, and for models of one's own: such a
 * server may do whatever the user may that the scheduler runs as.
 */
export class ProcessRuntime implements Runtime {
  readonly kind = 'process';
  readonly #folders: InstanceFolders;
  readonly #installation: string;
  readonly #watch: Watch;
  /** Half-made: not to be taken for leftovers by a list that runs meanwhile. */
  readonly #booting = new Set<string>();

  constructor({ folder, installation }: ProcessRuntimeOptions) {
    this.#folders = new InstanceFolders(folder);
    this.#installation = installation;
    this.#watch = new Watch(this.#folders);
  }

  /** This machine answers for as long as anything here runs. */
  async ping(): Promise<void> {}

  cut(): void {}

  async images(): Promise<string[]> {
    return [];
  }

  async capacity(): Promise<Capacity> {
    const note = hasProc
      ? `Models run as processes of this machine. ${UNFENCED}`
      : `Models run as processes of this machine; without /proc their memory is not limited. ${UNFENCED}`;
    return {
      available: true,
      refusal: null,
      note,
      memoryMiB: Math.floor(totalmem() / 2 ** 20),
      callbackHost: '127.0.0.1',
      engineVersion: null,
    };
  }

  /** There are no images here. */
  async inspectImage(): Promise<null> {
    return null;
  }

  async removeImage(): Promise<boolean> {
    return true;
  }

  async freeDisk(): Promise<null> {
    return null;
  }

  async registryDigest(): Promise<string | null> {
    return null;
  }

  async pull(image: string): Promise<void> {
    throw needsDocker(image);
  }

  async save(image: string): Promise<never> {
    throw needsDocker(image);
  }

  async load(image: string): Promise<never> {
    throw needsDocker(image);
  }

  async boot(spec: BootSpec, onPhase: (phase: BootPhase) => void, signal: AbortSignal): Promise<{ address: string }> {
    onPhase('create');
    const { source, instanceId } = spec;
    if (source.kind !== 'path')
      throw new BootFailure('setup_error', `The image ${source.image} cannot run as a process.`);
    if (!(await isFolder(source.path))) throw new BootFailure('setup_error', `There is no folder ${source.path}.`);
    const takesFlags = await commandTakesFlags(source.command, source.path);
    // Cog's servers listen on every interface unless told otherwise, and a process has no container around it.
    const flags = ['--host=127.0.0.1', ...serverFlags(spec.uploadUrl, spec.mode)];
    const command = takesFlags ? withFlags(source.command, flags) : [...source.command];
    const [program, ...args] = command;
    if (program === undefined) throw new BootFailure('setup_error', 'The command is empty.');

    this.#booting.add(instanceId);
    try {
      return { address: await this.#start(spec, source, [program, ...args], onPhase, signal) };
    } catch (error) {
      await this.stop(instanceId, { address: null, graceMs: 0 });
      throw error;
    } finally {
      this.#booting.delete(instanceId);
    }
  }

  async #start(
    spec: BootSpec,
    source: Extract<VersionSource, { kind: 'path' }>,
    command: readonly [string, ...string[]],
    onPhase: (phase: BootPhase) => void,
    signal: AbortSignal,
  ): Promise<string> {
    const { instanceId, role, memoryMiB } = spec;
    // Somebody else may take it first: the boot then fails with EADDRINUSE in its log and is repeated once.
    const port = await freePort();
    const installation = this.#installation;
    const meta: Meta = { instanceId, installation, role, port, memoryMiB, pid: null, startTicks: null };
    const { log, temporary } = await this.#folders.make(instanceId);
    try {
      await this.#folders.writeMeta(meta);
      signal.throwIfAborted();
      onPhase('start');
      const env = environmentOf(spec, source.env, { port, temporary, instanceId });
      const { child, pid } = await spawnServer(command, source.path, { env, outputFd: log.fd });
      const started = { ...meta, pid, startTicks: processFacts(pid)?.startTicks ?? null };
      this.#watch.own(started, pid, child);
      await this.#folders.writeMeta(started);
    } finally {
      await log.close();
    }
    return addressOf(meta);
  }

  async stop(instanceId: string, { graceMs }: StopRequest): Promise<void> {
    const { metas } = await this.#folders.metas(this.#installation);
    const meta = metas.find((m) => m.instanceId === instanceId);
    const pid = meta === undefined ? null : livePid(meta);
    if (meta !== undefined && pid !== null) {
      const ended = this.#watch.adopt(meta, pid);
      const asked = await askToShutDown(addressOf(meta));
      if (asked) await within(SHUTDOWN_ANSWER_MS, ended);
      if (signalGroup(pid, 'SIGTERM')) await within(graceMs, ended);
      if (signalGroup(pid, 'SIGKILL')) await ended;
    }
    // A leader that ended may have left members of its session behind; its pid cannot be another's while they live.
    if (meta?.pid !== null && meta !== undefined && sessionMembers(meta.pid).length > 0)
      signalGroup(meta.pid, 'SIGKILL');
    this.#watch.forget(instanceId);
    await this.#folders.remove(instanceId);
  }

  async list(): Promise<Found[]> {
    const { metas, broken } = await this.#folders.metas(this.#installation);
    for (const name of broken.filter((name) => !this.#booting.has(name))) await this.#folders.remove(name);
    const whole = metas.filter((meta) => !this.#booting.has(meta.instanceId));
    return whole.map((meta) => {
      const pid = livePid(meta);
      if (pid !== null) void this.#watch.adopt(meta, pid);
      const { instanceId, role } = meta;
      const unseen: Exit = { instanceId, role, exitCode: null, signal: null, outOfMemory: false };
      const exit = pid === null ? (this.#watch.exitOf(instanceId) ?? unseen) : null;
      return { instanceId, role, address: addressOf(meta), exit };
    });
  }

  async logs(instanceId: string, lines: number): Promise<string> {
    const MOST_BYTES_A_LINE = 1_024;
    const text = await this.#folders.readLogEnd(instanceId, lines * MOST_BYTES_A_LINE);
    return text.trimEnd().split('\n').slice(-lines).join('\n');
  }

  async logMark(instanceId: string): Promise<string> {
    return String(await this.#folders.logBytes(instanceId));
  }

  events(listener: RuntimeListener): () => void {
    return this.#watch.onExit((exit) => listener.exited(exit));
  }

  async stats(instanceId: string): Promise<{ memoryBytes: number } | null> {
    return this.#watch.memoryOf(instanceId);
  }

  async close(): Promise<void> {
    this.#watch.close();
  }
}

const addressOf = (meta: Pick<Meta, 'port'>): string => `http://127.0.0.1:${meta.port}`;

/** The pid, if that process still is the one that was started: a pid alone may be another's by now. */
function livePid(meta: Meta): number | null {
  const pid = meta.pid ?? pidByEnvironment(MARK, meta.instanceId);
  const facts = pid === null ? null : processFacts(pid);
  if (facts === null) return null;
  return meta.startTicks === null || facts.startTicks === meta.startTicks ? pid : null;
}

const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Not there or not ours to look at: for a boot that is the same, and the message names the path.
    return false;
  }
};

async function within(ms: number, ended: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([ended, late]);
  clearTimeout(timer);
}

const needsDocker = (image: string): BootFailure =>
  new BootFailure('image_missing', `The image ${image} needs a Docker Engine; this runtime runs folders.`);
