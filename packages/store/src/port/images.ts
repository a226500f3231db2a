import type { FetchedImage, Millis } from '@hearth/core';

// The images on hosts are the scheduler's.

/** An image that instances may be booted from, and what speaks for having it at hand. */
export interface ImageUse {
  /** As its version is pinned. */
  readonly image: string;
  /** When the newest version of it was added. */
  readonly pushedAt: Millis;
  /** Null: no instance of it is remembered. */
  readonly lastUsedAt: Millis | null;
  /** The most instances that a deployment of it always keeps. */
  readonly minInstances: number;
  /** SKUs that it is run on; its model's own where it has no deployment yet. */
  readonly hardwareSkus: readonly string[];
  /** As it lay on a host that it was fetched to; null: on none. */
  readonly sizeBytes: number | null;
}

export interface Images {
  /** scheduler: the platform has brought it there. */
  fetched(hostId: string, image: string, sizeBytes: number, at: Millis): Promise<void>;
  /** scheduler: it is there no more, or no longer the platform's to remove. */
  forgotten(hostId: string, image: string): Promise<void>;
  /** What the platform brought to a host and has not removed. */
  ofHost(hostId: string): Promise<FetchedImage[]>;
  /** Images added or used since, and those of deployments that always keep instances. */
  inUse(since: Millis): Promise<ImageUse[]>;
}
