import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { BootPhase, PullProgress, RuntimeKind } from '@hearth/core';
import { type Clock, pause } from '../clock.ts';
import type { Health } from '../readiness.ts';
import {
  BootFailure,
  type BootSpec,
  type Capacity,
  type Exit,
  type Found,
  type ImageFacts,
  type Runtime,
  type RuntimeListener,
} from './runtime.ts';

/** How the servers of one image or folder behave. */
export interface FakeModel {
  /** From its start until it is ready, or fails. */
  readonly setupMs: number;
  readonly setup: 'ok' | 'fail' | 'exit' | 'oom';
  /** Bytes that a pull brings, one each millisecond; null: it is on the host already. */
  readonly pullBytes?: number;
}

interface Running {
  readonly spec: BootSpec;
  readonly address: string;
  readonly log: string[];
  health: string;
  exit: Exit | null;
  cancelSetup: () => void;
}

/** Instances in virtual time. They belong to the object, so a second scheduler finds what a first one left. */
export class FakeRuntime implements Runtime {
  readonly kind: RuntimeKind;
  readonly #machine: string;
  readonly #clock: Clock;
  readonly #models = new Map<string, FakeModel>();
  readonly #images = new Map<string, ImageFacts>();
  /** What a registry has, by name. */
  readonly #published = new Map<string, { digest: string; facts: ImageFacts }>();
  readonly #running = new Map<string, Running>();
  readonly #listeners = new Set<RuntimeListener>();
  #lost: 'hangs' | 'refuses' | null = null;
  #cut = new AbortController();
  /** Lets calls go on that came while it hung. */
  #hanging: (() => void)[] = [];
  #nextPort = 40_000;
  /** Free for images; null: nobody knows. */
  diskBytes: number | null = null;
  /** What was pulled, in order. */
  readonly pulled: string[] = [];
  /** What was copied here from another, in order. */
  readonly loaded: string[] = [];
  /** How many instances were ever started. */
  booted = 0;
  /** Ids of all that were stopped, in order. */
  readonly stopped: string[] = [];

  /** `machine`: under which name its servers are reached. */
  constructor(kind: RuntimeKind, clock: Clock, machine = '127.0.0.1') {
    this.kind = kind;
    this.#machine = machine;
    this.#clock = clock;
  }

  /** `source`: an image or a folder's path. */
  define(source: string, model: FakeModel, image?: Partial<ImageFacts>): void {
    this.#models.set(source, model);
    const facts = { id: source, sizeBytes: 0, repoDigests: [], labels: {}, env: {}, entrypoint: [], cmd: [], ...image };
    if (model.pullBytes === undefined) this.#images.set(source, facts);
  }

  /** A registry has it under this name and digest from now on; a pull brings it here. */
  publish(image: string, digest: string, facts: Partial<ImageFacts>): void {
    const repoDigests = [`${image.replace(/:[^/:]*$/, '')}@${digest}`];
    const published = { id: digest, sizeBytes: 0, repoDigests, labels: {}, env: {}, entrypoint: [], cmd: [], ...facts };
    this.#published.set(image, { digest, facts: published });
  }

  /** What an instance was started with. */
  specOf(instanceId: string): BootSpec | null {
    return this.#running.get(instanceId)?.spec ?? null;
  }

  /** A running instance ends, by itself or by somebody's hand. */
  end(instanceId: string, how: Partial<Pick<Exit, 'exitCode' | 'signal' | 'outOfMemory'>>): void {
    const running = this.#running.get(instanceId);
    if (running === undefined || running.exit !== null) throw new Error(`${instanceId} does not run`);
    this.#exit(running, how);
  }

  /** It says from now on that it is busy. */
  occupy(instanceId: string): void {
    const running = this.#running.get(instanceId);
    if (running === undefined) throw new Error(`${instanceId} does not run`);
    running.health = 'BUSY';
  }

  /** It is gone without a word, as after a crash of the engine. */
  vanish(instanceId: string): void {
    this.#running.get(instanceId)?.cancelSetup();
    this.#running.delete(instanceId);
  }

  /** What `GET /health-check` would say. */
  readonly readHealth = async (address: string): Promise<Health | null> => {
    const running = [...this.#running.values()].find((r) => r.address === address && r.exit === null);
    return running === undefined ? null : { status: running.health, setupLogs: running.log.join('\n') };
  };

  /** What it says of itself, where that is not what a fake says. */
  offer: Partial<Capacity> = {};

  /** Its host does not answer any more: `hangs` until it is cut off or answers again, or `refuses`. Instances run on. */
  lose(how: 'hangs' | 'refuses'): void {
    this.#lost = how;
  }

  /** Its host answers again, also what it was asked meanwhile. */
  restore(): void {
    this.#lost = null;
    for (const goOn of this.#hanging.splice(0)) goOn();
    for (const listener of this.#listeners) listener.gap();
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#answer(signal);
  }

  cut(): void {
    this.#cut.abort(new Error('the connection was cut'));
    this.#cut = new AbortController();
  }

  async images(): Promise<string[]> {
    return [...this.#images.keys()];
  }

  async capacity(): Promise<Capacity> {
    return {
      available: true,
      refusal: null,
      note: 'A fake.',
      memoryMiB: 16_384,
      callbackHost: '127.0.0.1',
      engineVersion: null,
      ...this.offer,
    };
  }

  async inspectImage(image: string): Promise<ImageFacts | null> {
    return this.#images.get(image) ?? null;
  }

  async registryDigest(image: string): Promise<string | null> {
    return this.#published.get(image)?.digest ?? null;
  }

  async pull(image: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    const published = this.#published.get(image);
    if (published !== undefined) {
      this.#images.set(image, published.facts);
      return;
    }
    const bytes = this.#models.get(image)?.pullBytes;
    if (bytes === undefined) throw new BootFailure('image_missing', `The image ${image} is in no registry.`);
    for (let seen = 1; seen <= bytes; seen++) {
      await pause(this.#clock, 1, signal);
      signal.throwIfAborted();
      onProgress({ bytes: seen, totalBytes: bytes });
    }
    const rest = { repoDigests: [image], labels: {}, env: {}, entrypoint: [], cmd: [] };
    this.#images.set(image, { id: `sha256:the id of ${image}`, sizeBytes: bytes, ...rest });
    this.pulled.push(image);
  }

  async save(image: string): Promise<NodeJS.ReadableStream> {
    const facts = this.#images.get(image);
    if (facts === undefined) throw new BootFailure('lost', `The image ${image} is gone.`);
    return Readable.from([Buffer.from(JSON.stringify(facts))]);
  }

  async load(image: string, tar: NodeJS.ReadableStream, moved: () => void, signal: AbortSignal): Promise<void> {
    const facts = JSON.parse(await text(tar)) as ImageFacts;
    signal.throwIfAborted();
    moved();
    this.#images.set(image, { ...facts, repoDigests: [] });
    this.loaded.push(image);
  }

  async removeImage(image: string): Promise<boolean> {
    const runs = [...this.#running.values()].some(
      ({ spec }) => spec.source.kind === 'image' && spec.source.image === image,
    );
    if (runs) return false;
    const facts = this.#images.get(image);
    if (facts !== undefined && this.diskBytes !== null) this.diskBytes += facts.sizeBytes;
    this.#images.delete(image);
    return true;
  }

  async freeDisk(): Promise<number | null> {
    return this.diskBytes;
  }

  async boot(spec: BootSpec, onPhase: (phase: BootPhase) => void, signal: AbortSignal): Promise<{ address: string }> {
    onPhase('create');
    const source = spec.source.kind === 'image' ? spec.source.image : spec.source.path;
    const model = this.#models.get(source);
    if (spec.source.kind === 'image' && !this.#images.has(source)) {
      throw new BootFailure('image_missing', `The image ${source} is not on this host.`);
    }
    if (model === undefined) throw new BootFailure('setup_error', `There is no folder ${source}.`);
    signal.throwIfAborted();
    onPhase('start');
    const address = `http://${this.#machine}:${this.#nextPort++}`;
    const running: Running = { spec, address, log: ['started'], health: 'STARTING', exit: null, cancelSetup: () => {} };
    running.cancelSetup = this.#clock.after(model.setupMs, () => this.#endSetup(running, model));
    this.#running.set(spec.instanceId, running);
    this.booted += 1;
    return { address };
  }

  async stop(instanceId: string): Promise<void> {
    const running = this.#running.get(instanceId);
    if (running === undefined) return;
    this.#running.delete(instanceId);
    this.stopped.push(instanceId);
    if (running.exit === null) this.#exit(running, { exitCode: 0 });
  }

  async list(): Promise<Found[]> {
    await this.#answer();
    return [...this.#running.values()].map(({ spec, address, exit }) => ({
      instanceId: spec.instanceId,
      role: spec.role,
      address,
      exit,
    }));
  }

  async logs(instanceId: string, lines: number): Promise<string> {
    return (this.#running.get(instanceId)?.log ?? []).slice(-lines).join('\n');
  }

  async logMark(instanceId: string): Promise<string> {
    return String(this.#running.get(instanceId)?.log.length ?? 0);
  }

  events(listener: RuntimeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async stats(instanceId: string): Promise<{ memoryBytes: number } | null> {
    const running = this.#running.get(instanceId);
    return running === undefined || running.exit !== null ? null : { memoryBytes: 2 ** 20 };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
  }

  /** Like an engine's connection: at once, with an error, or not before it is cut off. */
  async #answer(signal?: AbortSignal): Promise<void> {
    if (this.#lost === null) return;
    if (this.#lost === 'refuses') throw new Error('connect ECONNREFUSED');
    const cut = signal === undefined ? this.#cut.signal : AbortSignal.any([this.#cut.signal, signal]);
    await new Promise<void>((resolve, reject) => {
      this.#hanging.push(resolve);
      const over = (): void => reject(cut.reason);
      if (cut.aborted) over();
      else cut.addEventListener('abort', over, { once: true });
    });
  }

  #endSetup(running: Running, model: FakeModel): void {
    running.log.push(`setup: ${model.setup}`);
    if (model.setup === 'ok') running.health = 'READY';
    else if (model.setup === 'fail') running.health = 'SETUP_FAILED';
    else if (model.setup === 'oom') this.#exit(running, { signal: 'SIGKILL', outOfMemory: true });
    else this.#exit(running, { exitCode: 3 });
  }

  #exit(running: Running, how: Partial<Exit>): void {
    running.cancelSetup();
    const { instanceId, role } = running.spec;
    running.exit = { instanceId, role, exitCode: null, signal: null, outOfMemory: false, ...how };
    for (const listener of this.#listeners) listener.exited(running.exit);
  }
}
