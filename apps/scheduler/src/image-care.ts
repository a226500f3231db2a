import {
  type Hardware,
  type ImageHost,
  imagesToFetch,
  imagesToRemove,
  type Millis,
  type WantedImage,
} from '@hearth/core';
import { type Coalescer, createCoalescer, type Logger } from '@hearth/kit';
import type { ImageUse, Store } from '@hearth/store';
import type { Clock } from './clock.ts';
import { messageOf } from './errors.ts';
import type { Fleet } from './hosts/fleet.ts';
import type { Member } from './hosts/member.ts';
import { pinnedReference } from './import-image.ts';
import { needOn } from './needs.ts';
import type { Pulls } from './pulls.ts';
import type { ImageFacts, Runtime } from './runtime/runtime.ts';

/** What the operator says of images. */
export interface ImageSettings {
  /** Hosts that an image is kept on ahead of use; 0: none is fetched. */
  readonly imageCopies: number;
  /** Disk that is kept free on each host. */
  readonly diskFloorBytes: number;
}

export interface ImageCareDeps extends ImageSettings {
  readonly store: Store;
  readonly fleet: Pick<Fleet, 'members'>;
  readonly pulls: Pulls;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What was not wanted for a week is fetched when it is wanted again. */
const RECENT_MS = 7 * 24 * 3_600_000;
/** An image that could not be had is not asked for again at once. */
const FAILED_FOR_MS = 600_000;
/** Looking at a disk may take a container. What is fetched and removed here makes for a new look anyway. */
const DISK_KNOWN_FOR_MS = 600_000;

/** Fetches images to hosts before they are needed, and removes what it fetched where a disk fills up. */
export class ImageCare {
  readonly #deps: ImageCareDeps;
  readonly #closing = new AbortController();
  readonly #looking: Coalescer;
  /** By host: one fetch at a time on each. */
  readonly #fetching = new Map<string, Promise<void>>();
  /** Until when what failed is let be, by host and image. */
  readonly #failed = new Map<string, Millis>();
  readonly #disks = new Map<string, { readonly freeBytes: number | null; readonly at: Millis }>();

  constructor(deps: ImageCareDeps) {
    this.#deps = deps;
    this.#looking = createCoalescer(() => this.#look());
  }

  /** Looks at every host once, beside everything else. */
  look(): void {
    this.#looking.trigger();
  }

  /** Resolves when the look is over, and what it began to fetch is there or failed. */
  async idle(): Promise<void> {
    await this.#looking.idle();
    await Promise.all(this.#fetching.values());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#looking.close();
    await Promise.all(this.#fetching.values());
  }

  async #look(): Promise<void> {
    const { fleet, log } = this.#deps;
    try {
      const standing = fleet.members.filter((member) => dockerOf(member) !== null);
      for (const member of standing) await this.#makeRoom(member);
      await this.#fetchAhead(standing);
    } catch (error) {
      log.warn({ err: error }, 'the look at the images was cut short; it is repeated');
    }
  }

  async #makeRoom(member: Member): Promise<void> {
    const { store, log, diskFloorBytes } = this.#deps;
    const docker = dockerOf(member);
    const freeBytes = await this.#freeDisk(member);
    if (docker === null || freeBytes === null || freeBytes >= diskFloorBytes) return;
    const hostId = member.row.id;
    const images = imagesToRemove(await store.images.ofHost(hostId), freeBytes, diskFloorBytes);
    for (const image of images) {
      if (!(await docker.removeImage(image))) continue;
      await store.images.forgotten(hostId, image);
      log.info({ hostId, image, freeBytes }, 'image removed: the disk is nearly full');
    }
    if (images.length > 0) await this.#changed(member);
  }

  async #fetchAhead(members: readonly Member[]): Promise<void> {
    const { store, clock, imageCopies: copies, diskFloorBytes: floorBytes } = this.#deps;
    if (copies === 0 || members.length === 0) return;
    const now = clock.now();
    const [uses, hardware] = await Promise.all([store.images.inUse(now - RECENT_MS), store.hosts.hardware()]);
    const hosts: ImageHost[] = [];
    for (const member of members) hosts.push({ host: member.view(), freeBytes: await this.#freeDisk(member) });
    const policy = { copies, recentMs: RECENT_MS, floorBytes };
    const wanted = uses.map((use) => wantedImage(use, hardware));
    for (const { hostId, image } of imagesToFetch(wanted, hosts, policy, now)) {
      const member = members.find(({ row }) => row.id === hostId);
      if (member === undefined || this.#fetching.has(hostId)) continue;
      if ((this.#failed.get(`${hostId} ${image}`) ?? 0) > now) continue;
      const done = this.#fetch(member, image).finally(() => {
        this.#fetching.delete(hostId);
        // For the next one on that host.
        this.look();
      });
      this.#fetching.set(hostId, done);
    }
  }

  async #fetch(member: Member, image: string): Promise<void> {
    const { pulls, clock, log } = this.#deps;
    const docker = dockerOf(member);
    if (docker === null) return;
    const hostId = member.row.id;
    log.info({ hostId, image }, 'image fetched ahead of use');
    try {
      await pulls.pull(docker, image, this.#closing.signal);
      this.#failed.delete(`${hostId} ${image}`);
      await this.#changed(member);
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#failed.set(`${hostId} ${image}`, clock.now() + FAILED_FOR_MS);
      log.warn({ hostId, image, why: messageOf(error) }, 'image not fetched');
    }
  }

  /** Its images and its disk are not as they were. */
  async #changed(member: Member): Promise<void> {
    this.#disks.delete(member.row.id);
    member.look();
    await member.settled();
  }

  async #freeDisk(member: Member): Promise<number | null> {
    const { clock, log } = this.#deps;
    const hostId = member.row.id;
    const known = this.#disks.get(hostId);
    if (known !== undefined && clock.now() - known.at < DISK_KNOWN_FOR_MS) return known.freeBytes;
    const freeBytes = await (dockerOf(member)?.freeDisk() ?? null)?.catch((error: unknown) => {
      log.debug({ hostId, why: messageOf(error) }, 'its free disk is not known');
      return null;
    });
    this.#disks.set(hostId, { freeBytes: freeBytes ?? null, at: clock.now() });
    return freeBytes ?? null;
  }
}

/** Its Docker Engine, while it answers. */
function dockerOf(member: Member): Runtime | null {
  if (member.view().lost || member.isLost('docker') || member.capacity('docker')?.available !== true) return null;
  return member.runtimes.find(({ kind }) => kind === 'docker') ?? null;
}

function wantedImage({ hardwareSkus, ...use }: ImageUse, hardware: readonly Hardware[]): WantedImage {
  const runnable = { runtime: 'docker', image: use.image, measuredVram: null } as const;
  const skus = hardware.filter(({ sku }) => hardwareSkus.includes(sku));
  return { ...use, needs: skus.map((sku) => needOn(sku, runnable)) };
}

/** Remembers which images the platform itself brought to a host, so that it may remove them again. */
export function rememberBrought(
  { store, clock, log }: Pick<ImageCareDeps, 'store' | 'clock' | 'log'>,
  hostOf: (runtime: Runtime) => string | null,
): (runtime: Runtime, image: string, facts: ImageFacts) => Promise<void> {
  return async (runtime, image, facts) => {
    const hostId = hostOf(runtime);
    // A copy has no digest of a registry: it goes by what it was asked for as.
    const isCopy = facts.repoDigests.length === 0 && image.includes('sha256:');
    const pinned = isCopy ? image : pinnedReference(image, facts);
    if (hostId === null) return;
    try {
      await store.images.fetched(hostId, pinned, facts.sizeBytes, clock.now());
    } catch (error) {
      log.warn({ err: error, hostId, image: pinned }, 'it will not be known as ours to remove');
    }
  };
}
