import { fits, takes } from './fit.ts';
import { freeBeside } from './free.ts';
import { byId } from './instance.ts';
import type { Host, Need } from './resources.ts';
import type { Millis } from './time.ts';

/** An image that a deployment may want on a host, whether or not it is on any. */
export interface WantedImage {
  /** As {@link Host.images} names it. */
  readonly image: string;
  readonly pushedAt: Millis;
  /** By the newest use of any instance; null: never. */
  readonly lastUsedAt: Millis | null;
  /** The most instances that a deployment of it always keeps. */
  readonly minInstances: number;
  /** What its instances need: one for each hardware that it is run on. */
  readonly needs: readonly Need[];
  /** As it lies on a host; null: not known yet. */
  readonly sizeBytes: number | null;
}

/** A host, and the disk that its images are on. */
export interface ImageHost {
  readonly host: Host;
  /** Null: not known. */
  readonly freeBytes: number | null;
}

export interface FetchPolicy {
  /** Hosts that each image is kept on ahead of use; a minimum of instances may ask for more. 0: none is fetched. */
  readonly copies: number;
  /** Images pushed or used within this time are worth having. */
  readonly recentMs: number;
  /** Disk that stays free. */
  readonly floorBytes: number;
}

/**
 * Fetching stops well above the floor at which removing begins. Otherwise what was removed to reach the floor would be
 * fetched again at once.
 */
const HEADROOM = 1.5;

/**
 * Which images to fetch where, ahead of a boot that needs them: the most promising first, each onto the hosts that may run
 * it, those with the most disk first. What was only built on a host is copied from there, while there is one that has it.
 */
export function imagesToFetch(
  wanted: readonly WantedImage[],
  hosts: readonly ImageHost[],
  policy: FetchPolicy,
  now: Millis,
): { readonly hostId: string; readonly image: string }[] {
  if (policy.copies === 0) return [];
  const free = new Map(hosts.map(({ host, freeBytes }) => [host.id, freeBytes ?? Number.POSITIVE_INFINITY]));
  const fetches: { hostId: string; image: string }[] = [];
  const obtainable = wanted.filter((want) => isPromising(want, policy, now) && isSomewhere(want, hosts));
  for (const want of obtainable.toSorted(mostPromisingFirst)) {
    const able = hosts.map(({ host }) => host).filter((host) => mayRun(host, want.needs));
    const having = able.filter((host) => host.images.includes(want.image)).length;
    const lacking = able.filter((host) => !host.images.includes(want.image));
    lacking.sort((a, b) => (free.get(b.id) ?? 0) - (free.get(a.id) ?? 0) || byId(a, b));
    let missing = Math.max(policy.copies, want.minInstances) - having;
    for (const { id } of lacking) {
      const left = (free.get(id) ?? 0) - (want.sizeBytes ?? 0);
      if (missing <= 0 || left < policy.floorBytes * HEADROOM) break;
      fetches.push({ hostId: id, image: want.image });
      free.set(id, left);
      missing -= 1;
    }
  }
  return fetches;
}

const isPromising = (want: WantedImage, { recentMs }: FetchPolicy, now: Millis): boolean =>
  want.minInstances > 0 || now - lastWantedAt(want) <= recentMs;

/** What goes by an engine's own id is in no registry. */
const isSomewhere = ({ image }: WantedImage, hosts: readonly ImageHost[]): boolean =>
  image.includes('@sha256:') || hosts.some(({ host }) => !host.lost && host.images.includes(image));

const lastWantedAt = ({ pushedAt, lastUsedAt }: WantedImage): Millis => Math.max(pushedAt, lastUsedAt ?? 0);

const mostPromisingFirst = (a: WantedImage, b: WantedImage): number =>
  Math.sign(b.minInstances) - Math.sign(a.minInstances) ||
  lastWantedAt(b) - lastWantedAt(a) ||
  (a.image < b.image ? -1 : 1);

/** Were it empty. */
const mayRun = (host: Host, needs: readonly Need[]): boolean =>
  needs.some((need) => takes(host, need) && fits(freeBeside(host, []), need));

/** An image that the platform brought to a host. */
export interface FetchedImage {
  readonly image: string;
  readonly sizeBytes: number;
  /** By an instance there, or when it came. */
  readonly lastUsedAt: Millis;
  /** An instance there runs from it, or a deployment of it always keeps instances. */
  readonly needed: boolean;
}

/**
 * Which of the images that the platform brought to a host have to go so that enough of its disk is free: those that were
 * not used for the longest, no more than it takes, and never one that is needed.
 */
export function imagesToRemove(fetched: readonly FetchedImage[], freeBytes: number, floorBytes: number): string[] {
  const removed: string[] = [];
  let free = freeBytes;
  for (const { image, sizeBytes } of fetched.filter(({ needed }) => !needed).toSorted(longestUnusedFirst)) {
    if (free >= floorBytes) break;
    removed.push(image);
    free += sizeBytes;
  }
  return removed;
}

const longestUnusedFirst = (a: FetchedImage, b: FetchedImage): number =>
  a.lastUsedAt - b.lastUsedAt || (a.image < b.image ? -1 : 1);
