import { setTimeout } from 'node:timers/promises';
import type { BootPhase, PullProgress } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { HostCheck } from '@hearth/store';
import type Docker from 'dockerode';
import { z } from 'zod';
import { callbackHostOf, createFence, type FencingOptions } from '../fence/engine-fence.ts';
import type { Fence } from '../fence/fence.ts';
import { fenceNote, isolationCheck } from '../fence/isolation-check.ts';
import { wordsOf } from '../hosts/engine-errors.ts';
import type { EngineLink } from '../hosts/engine-link.ts';
import { containerName, containerOptions, exitOf, LABELS, SERVER_PORT } from './docker-container.ts';
import { freeDisk } from './docker-disk.ts';
import {
  bootFailureOf,
  hasLostNetwork,
  isNotFound,
  lacksNetwork,
  noAddress,
  orAlready,
  orGone,
} from './docker-errors.ts';
import { type Death, followDeaths } from './docker-events.ts';
import { EngineImages } from './docker-images.ts';
import { readContainers } from './docker-listed.ts';
import { readLog, readMemory } from './docker-readings.ts';
import { type Network, NetworkPool } from './network-pool.ts';
import {
  BootFailure,
  type BootSpec,
  type Capacity,
  type Exit,
  type Found,
  type ImageFacts,
  type Runtime,
  type RuntimeListener,
  type StopRequest,
} from './runtime.ts';
import { askToShutDown, SHUTDOWN_ANSWER_MS } from './shutdown.ts';

export interface DockerRuntimeOptions {
  readonly link: EngineLink;
  /** Labels what is ours. */
  readonly installation: string;
  /** How many networks are made ahead of boots; 0: none. */
  readonly spareNetworks: number;
  readonly fencing: FencingOptions;
  readonly log: Logger;
}

const NOTHING = { available: false, refusal: null, memoryMiB: 0, callbackHost: '127.0.0.1', engineVersion: null };
/** Closing is not held up by an engine that does not answer: what it keeps is reaped when it is next seen. */
const CLOSE_WITHIN_MS = 8_000;
const EngineInfo = z.object({ ServerVersion: z.string(), MemTotal: z.number() });

/** Model servers as containers of a Docker Engine. */
export class DockerRuntime implements Runtime {
  readonly kind = 'docker';
  readonly #link: EngineLink;
  readonly #docker: Docker;
  readonly #installation: string;
  readonly #images: EngineImages;
  readonly #networks: NetworkPool;
  readonly #instanceDiskBytes: number | null;
  readonly fence: Fence;
  /** By pinned reference only: such an image never changes, so a boot need not ask for it. */
  readonly #pinned = new Map<string, ImageFacts>();
  readonly #followers = new Set<{ close(): void }>();

  constructor({ link, installation, spareNetworks, fencing, log }: DockerRuntimeOptions) {
    this.#link = link;
    this.#docker = link.docker;
    this.#installation = installation;
    const { docker } = link;
    this.#images = new EngineImages(docker);
    this.#instanceDiskBytes = fencing.instanceDiskBytes;
    this.fence = createFence({ link, installation, fencing, log });
    const bindAddress = async (): Promise<string> => (await link.whereabouts()).bindAddress;
    const enclosure = () => this.fence.enter();
    this.#networks = new NetworkPool({ docker, installation, size: spareNetworks, bindAddress, enclosure, log });
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#link.ping(signal);
  }

  cut(): void {
    this.#link.cut();
  }

  async capacity(): Promise<Capacity> {
    try {
      const info = EngineInfo.parse(await this.#docker.info());
      const callbackHost = await callbackHostOf(this.#link);
      const fence = await this.fence.look();
      const engineVersion = info.ServerVersion;
      const note = `Docker Engine ${engineVersion} answers at ${this.#link.at}; its containers reach Hearth at ${callbackHost}. ${this.fence.refusal ?? fenceNote(fence)}`;
      const memoryMiB = Math.floor(info.MemTotal / 2 ** 20);
      return { available: true, refusal: this.fence.refusal, note, memoryMiB, callbackHost, engineVersion };
    } catch (error) {
      const note = `No Docker Engine answers at ${this.#link.at}: ${wordsOf(await this.#link.explain(error))}`;
      return { ...NOTHING, note };
    }
  }

  /** Whether containers are kept apart, as a check of the host says it. @throws where the engine does not answer */
  async isolation(): Promise<HostCheck> {
    await this.fence.renew();
    return isolationCheck(this.fence, await this.#docker.info());
  }

  images(): Promise<string[]> {
    return this.#images.all();
  }

  inspectImage(image: string): Promise<ImageFacts | null> {
    return this.#images.inspect(image);
  }

  registryDigest(image: string): Promise<string | null> {
    return this.#images.registryDigest(image);
  }

  pull(image: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    return this.#images.pull(image, onProgress, signal);
  }

  save(image: string): Promise<NodeJS.ReadableStream> {
    return this.#images.save(image);
  }

  load(image: string, tar: NodeJS.ReadableStream, moved: () => void, signal: AbortSignal): Promise<void> {
    return this.#images.load(image, tar, moved, signal);
  }

  removeImage(image: string): Promise<boolean> {
    this.#pinned.delete(image);
    return this.#images.remove(image);
  }

  freeDisk(): Promise<number | null> {
    return freeDisk(this.#docker, this.#link.at);
  }

  async boot(spec: BootSpec, onPhase: (phase: BootPhase) => void, signal: AbortSignal): Promise<{ address: string }> {
    onPhase('create');
    const { source, instanceId } = spec;
    if (source.kind !== 'image')
      throw new BootFailure('setup_error', `The folder ${source.path} cannot run in Docker.`);
    const { image } = source;
    const facts = await this.#factsOf(image);
    const start = (network: Network | null) => this.#start(spec, image, facts, network, onPhase, signal);
    const network = this.#networks.take(instanceId);
    try {
      return await start(network).catch(async (error: unknown) => {
        const isPruned = lacksNetwork(error);
        if (!isPruned && (network === null || !hasLostNetwork(error))) throw error;
        // It died while it was kept in readiness, or somebody took away the network of all of them.
        await this.#remove(instanceId);
        if (isPruned) this.fence.doubt();
        return start(null);
      });
    } catch (error) {
      if (isNotFound(error)) this.#pinned.delete(image);
      // Created but not started, or aborted half-way: nothing may stay behind.
      await this.#remove(instanceId);
      throw bootFailureOf(error, `starting ${image}`);
    } finally {
      this.#networks.booted(instanceId);
    }
  }

  async #start(
    spec: BootSpec,
    image: string,
    facts: ImageFacts,
    network: Network | null,
    onPhase: (phase: BootPhase) => void,
    signal: AbortSignal,
  ): Promise<{ address: string }> {
    const { address, bindAddress } = await this.#link.whereabouts();
    const enclosure = await this.fence.enter();
    const diskBytes = enclosure.hasQuota ? this.#instanceDiskBytes : null;
    const surroundings = { installation: this.#installation, bindAddress, network, enclosure, diskBytes };
    const options = containerOptions(spec, image, facts, surroundings);
    const container = await this.#docker.createContainer({ ...options, abortSignal: signal });
    signal.throwIfAborted();
    onPhase('start');
    await container.start();
    if (network !== null) return { address: `http://${inUrl(address)}:${network.hostPort}` };
    const { NetworkSettings, State } = await container.inspect();
    const port = NetworkSettings.Ports[SERVER_PORT]?.[0]?.HostPort;
    return { address: port === undefined ? noAddress(State) : `http://${inUrl(address)}:${port}` };
  }

  async stop(instanceId: string, { address, graceMs }: StopRequest): Promise<void> {
    const container = this.#docker.getContainer(containerName(instanceId));
    if (await askToShutDown(address)) {
      const bound = AbortSignal.timeout(SHUTDOWN_ANSWER_MS);
      // Too slow, or gone: the stop below deals with both.
      await container.wait({ abortSignal: bound }).catch(() => {});
    }
    if (graceMs > 0) await container.stop({ t: Math.ceil(graceMs / 1000) }).catch(orAlready);
    await this.#remove(instanceId);
  }

  /** With the network that it joined, if it joined one: that of one booted by an earlier scheduler may not be known yet. */
  async #remove(instanceId: string): Promise<void> {
    const container = this.#docker.getContainer(containerName(instanceId));
    if (!this.#networks.knows(instanceId)) {
      const { Config } = await container.inspect().catch(orGone);
      this.#networks.learn(instanceId, Config?.Labels[LABELS.network]);
    }
    await container.remove({ force: true, v: true }).catch(orAlready);
    await this.#networks.drop(instanceId);
  }

  async list(): Promise<Found[]> {
    this.fence.adopt();
    const label = [`${LABELS.installation}=${this.#installation}`];
    const askedAt = performance.now();
    const listed = readContainers(await this.#docker.listContainers({ all: true, filters: { label } }));
    this.#networks.heed(listed.networks, askedAt);
    const { address: at } = await this.#link.whereabouts();
    return Promise.all(
      listed.servers.map(async ({ containerId, instanceId, role, hostPort, state }) => {
        const address = hostPort === null ? null : `http://${inUrl(at)}:${hostPort}`;
        if (state === 'runs') return { instanceId, role, address, exit: null };
        // Without its network nobody reaches it any more; nobody saw it end.
        if (state === 'cut off') return { instanceId, role, address, exit: exitOf(instanceId, role, null, false) };
        return { instanceId, role, address, exit: await this.#exitOf({ containerId, instanceId, role, exitCode: 0 }) };
      }),
    );
  }

  async logs(instanceId: string, lines: number): Promise<string> {
    return (await readLog(this.#docker, instanceId, lines, false)).trimEnd();
  }

  logMark(instanceId: string): Promise<string> {
    return readLog(this.#docker, instanceId, 1, true);
  }

  events(listener: RuntimeListener): () => void {
    const tell = async (death: Death): Promise<void> => listener.exited(await this.#exitOf(death));
    const follower = followDeaths(this.#docker, this.#installation, {
      // An engine that fails to answer now is found out about by the next list.
      died: (death) => void tell(death).catch(() => listener.gap()),
      gap: () => {
        this.fence.doubt();
        listener.gap();
      },
    });
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
      follower.close();
    };
  }

  /** A death event tells the exit code, not whether memory was the cause. */
  async #exitOf({ containerId, instanceId, role, exitCode }: Death): Promise<Exit> {
    try {
      const { State } = await this.#docker.getContainer(containerId).inspect();
      return exitOf(instanceId, role, State.ExitCode, State.OOMKilled);
    } catch (error) {
      if (isNotFound(error)) return exitOf(instanceId, role, exitCode, false);
      throw error;
    }
  }

  stats(instanceId: string): Promise<{ memoryBytes: number } | null> {
    return readMemory(this.#docker, instanceId);
  }

  /** Resolves when nothing is done in the background: networks are in readiness, and strays are gone. */
  idle(): Promise<void> {
    return this.#networks.idle();
  }

  async close(): Promise<void> {
    for (const follower of this.#followers) follower.close();
    const tidied = this.#networks.close().then(() => this.fence.close());
    await Promise.race([tidied, setTimeout(CLOSE_WITHIN_MS, null, { ref: false })]);
    this.#link.close();
  }

  async #factsOf(image: string): Promise<ImageFacts> {
    const known = this.#pinned.get(image);
    if (known !== undefined) return known;
    const facts = await this.#images.inspect(image);
    if (facts === null) throw new BootFailure('image_missing', `The image ${image} is not on this host.`);
    if (image.includes('sha256:')) this.#pinned.set(image, facts);
    return facts;
  }
}

const inUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host);
