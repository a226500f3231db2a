import { setTimeout } from 'node:timers/promises';
import { type Coalescer, createCoalescer, type Logger, newId, systemNow } from '@hearth/kit';
import type Docker from 'dockerode';
import { messageOf } from '../errors.ts';
import type { Enclosure } from '../fence/fence.ts';
import { LABELS, networkName, ownNetwork, SERVER_PORT } from './docker-container.ts';
import { isNotFound, lacksNetwork, orAlready } from './docker-errors.ts';
import { makePauseImage, PAUSE_IMAGE } from './pause-image.ts';

/** A network of its own, kept by a container that does nothing else, with the server's port published. */
export interface Network {
  readonly id: string;
  readonly hostPort: string;
}

/** Such a network as the engine lists its keeper. */
export interface SeenNetwork {
  readonly id: string;
  readonly running: boolean;
  /** The instance whose container has joined it; null where none has. */
  readonly instanceId: string | null;
}

export interface NetworkPoolSettings {
  readonly docker: Docker;
  readonly installation: string;
  /** How many are kept in readiness at least; 0: none is made. */
  readonly size: number;
  /** The address of the host that ports are published on. */
  readonly bindAddress: () => Promise<string>;
  /** @throws where no container may start now */
  readonly enclosure: () => Promise<Enclosure>;
  readonly log: Logger;
}

/** The least that an engine allows. */
const MEMORY_BYTES = 6 * 2 ** 20;
/** Its own, and what the engine needs to look into it. */
const MOST_PIDS = 8;
/** So long after a boot none is made: making one takes the engine longer than a boot does, and what was started needs the machine. */
const QUIET_MS = 1_000;
/** So long as many are kept as were wanted at once: who boots many at once does it again. */
const BURST_KEPT_MS = 600_000;
/** Of the least that are kept, the most after a burst. */
const BURST_FACTOR = 8;

/**
 * Networks made ahead of boots: setting one up is more than half of what an engine needs to start a container, and
 * joining one that is there costs nothing. Each serves one instance and goes with it, so that instances are kept apart as
 * well as by networks of their own making (decision 0023). Makes none before it was first shown what there is.
 */
export class NetworkPool {
  readonly #settings: NetworkPoolSettings;
  readonly #spare: Network[] = [];
  /** By instance; `bootedAt` by the clock of this process, infinite while it boots. */
  readonly #used = new Map<string, { readonly id: string; readonly bootedAt: number }>();
  readonly #tidying: Coalescer;
  #making: string | null = null;
  #strays: readonly string[] = [];
  /** Why the last one was not made; each reason is told once. */
  #trouble = '';
  #boots = 0;
  #bootedAt = -Infinity;
  /** Boots since it was last quiet, and the most that there were. */
  #wanted = 0;
  #burst = { size: 0, at: -Infinity };
  readonly #closing = new AbortController();
  #isShown = false;

  constructor(settings: NetworkPoolSettings) {
    this.#settings = settings;
    this.#tidying = createCoalescer(() => this.#tidy());
  }

  /** One for an instance that is about to be booted; null where none is in readiness. To be followed by {@link booted}. */
  take(instanceId: string): Network | null {
    this.#boots += 1;
    this.#wanted += 1;
    const network = this.#spare.shift() ?? null;
    if (network !== null) this.#used.set(instanceId, { id: network.id, bootedAt: Number.POSITIVE_INFINITY });
    return network;
  }

  /** The engine has started the container, or failed to: once it is quiet, it has the time to make new ones. */
  booted(instanceId: string): void {
    this.#boots -= 1;
    this.#bootedAt = performance.now();
    const used = this.#used.get(instanceId);
    if (used !== undefined) this.#used.set(instanceId, { ...used, bootedAt: this.#bootedAt });
    if (this.#isShown) this.#tidying.trigger();
  }

  knows(instanceId: string): boolean {
    return this.#used.has(instanceId);
  }

  /** Which network an instance has joined, if any. */
  learn(instanceId: string, networkId: string | undefined): void {
    if (networkId !== undefined) this.#used.set(instanceId, { id: networkId, bootedAt: performance.now() });
  }

  /** Removes the network of an instance whose container is gone. Idempotent. */
  async drop(instanceId: string): Promise<void> {
    const used = this.#used.get(instanceId);
    if (used === undefined) return;
    // Known no more: should the removal fail, it is reaped like any other that nobody uses.
    this.#used.delete(instanceId);
    await this.#remove(used.id);
  }

  /**
   * Learns which networks there are: takes note of those in use, and soon removes what belongs to nobody and makes what
   * is lacking. Spare ones of an earlier scheduler go, because nobody can tell whether an instance was in them, and so do
   * those of boots that an engine which was away left without a container. `askedAt`: when the engine was asked, by the
   * clock of this process.
   */
  heed(seen: readonly SeenNetwork[], askedAt: number): void {
    for (const { id, instanceId } of seen)
      if (instanceId !== null && !this.#used.has(instanceId)) this.#used.set(instanceId, { id, bootedAt: askedAt });
    const unjoined = new Set(seen.filter(({ instanceId }) => instanceId === null).map(({ id }) => id));
    for (const [instanceId, { id, bootedAt }] of this.#used)
      if (unjoined.has(id) && bootedAt < askedAt) this.#used.delete(instanceId);
    const dead = new Set(seen.filter(({ running }) => !running).map(({ id }) => id));
    const alive = this.#spare.splice(0).filter(({ id }) => !dead.has(id));
    this.#spare.push(...alive);
    const kept = new Set([...[...this.#used.values()].map(({ id }) => id), ...alive.map(({ id }) => id), this.#making]);
    this.#strays = seen.map(({ id }) => id).filter((id) => !kept.has(id));
    this.#isShown = true;
    this.#tidying.trigger();
  }

  /** Resolves when what is due is done. */
  idle(): Promise<void> {
    return this.#tidying.idle();
  }

  /** Makes none any more, and removes those in readiness; those in use stay with their instances. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#tidying.close();
    await Promise.allSettled(this.#spare.splice(0).map(({ id }) => this.#remove(id)));
  }

  async #tidy(): Promise<void> {
    try {
      for (const id of this.#strays) await this.#remove(id);
      this.#strays = [];
      while (await this.#isQuiet()) {
        const kept = this.#kept();
        for (const { id } of this.#spare.splice(kept)) await this.#remove(id);
        if (this.#spare.length === kept) break;
        this.#spare.push(await this.#make());
      }
      this.#trouble = '';
    } catch (error) {
      // Boots make their own then, and the next look at the engine tries again.
      const why = messageOf(error);
      if (why !== this.#trouble) this.#settings.log.warn({ why }, 'no network could be made ahead of boots');
      this.#trouble = why;
    }
  }

  /** Waits for quiet after a boot; false where another is under way, whose end looks again, and when closing. */
  async #isQuiet(): Promise<boolean> {
    while (this.#boots === 0 && !this.#closing.signal.aborted) {
      const leftMs = this.#bootedAt + QUIET_MS - performance.now();
      if (leftMs <= 0) return true;
      // Cut short by the close, which the loop sees.
      await setTimeout(leftMs, null, { signal: this.#closing.signal }).catch(() => {});
    }
    return false;
  }

  /** How many are to be in readiness: as many as were lately wanted at once. */
  #kept(): number {
    const { size } = this.#settings;
    const now = performance.now();
    if (this.#wanted >= this.#burst.size || this.#burst.at + BURST_KEPT_MS < now) {
      this.#burst = { size: this.#wanted, at: now };
    }
    this.#wanted = 0;
    return Math.min(Math.max(size, this.#burst.size), size * BURST_FACTOR);
  }

  async #make(): Promise<Network> {
    const id = newId(systemNow());
    this.#making = id;
    try {
      const container = await this.#create(id);
      await container.start();
      const { NetworkSettings } = await container.inspect();
      const hostPort = NetworkSettings.Ports[SERVER_PORT]?.[0]?.HostPort;
      if (hostPort === undefined) throw new Error('the engine published no port');
      return { id, hostPort };
    } catch (error) {
      await this.#remove(id);
      throw error;
    } finally {
      this.#making = null;
    }
  }

  async #create(id: string): Promise<Docker.Container> {
    const { docker, installation, bindAddress, enclosure } = this.#settings;
    const options = keeperOptions(id, installation, ownNetwork(await bindAddress(), await enclosure()));
    try {
      return await docker.createContainer(options);
    } catch (error) {
      if (!isNotFound(error) || lacksNetwork(error)) throw error;
      await makePauseImage(docker);
      return docker.createContainer(options);
    }
  }

  async #remove(id: string): Promise<void> {
    const container = this.#settings.docker.getContainer(networkName(id));
    await container.remove({ force: true, v: true }).catch(orAlready);
  }
}

const keeperOptions = (
  id: string,
  installation: string,
  network: ReturnType<typeof ownNetwork>,
): Docker.ContainerCreateOptions => ({
  name: networkName(id),
  Image: PAUSE_IMAGE,
  User: '65534:65534',
  Labels: { [LABELS.installation]: installation, [LABELS.role]: 'network', [LABELS.network]: id },
  ExposedPorts: { [SERVER_PORT]: {} },
  HostConfig: {
    ...network,
    Memory: MEMORY_BYTES,
    MemorySwap: MEMORY_BYTES,
    PidsLimit: MOST_PIDS,
    ReadonlyRootfs: true,
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges'],
    RestartPolicy: { Name: 'no' },
    LogConfig: { Type: 'none', Config: {} },
  },
});
