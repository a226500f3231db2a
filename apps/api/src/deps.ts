import type { KeepAlive } from '@hearth/core';
import type { Blobs, DownloadSigner, Signer } from '@hearth/files';
import type { Logger, Metrics, Sealer } from '@hearth/kit';
import type { Bus, Queues } from '@hearth/queue';
import type { Store } from '@hearth/store';
import type { RateLimits } from './plugins/rate-limits.ts';
import type { RunSettings } from './predictions/holds.ts';
import type { UrlCheck } from './predictions/outbound-check.ts';

export interface ApiSettings {
  readonly rateLimits: RateLimits;
  /** Proxies whose word on who calls is taken; null: nobody's. */
  readonly trustProxy: readonly string[] | null;
  readonly runs: RunSettings;
  /** Where callers reach this API: scheme, host and port, without `/v1` and without a slash at the end. */
  readonly publicUrl: string;
  /** Keep-alive of deployments whose maker says nothing. */
  readonly keepAlive: KeepAlive;
  /** Instances at most of an implicit deployment. */
  readonly maxInstances: number;
  /** Where the scheduler answers the other rooms of this machine, without a slash at the end. */
  readonly schedulerUrl: string;
  /** At once; those beyond are closed as they come. */
  readonly maxConnections: number;
  /** A client that has not sent its headers by then is hung up on. */
  readonly headersTimeoutMs: number;
  /** The largest file that may be uploaded. */
  readonly maxUploadBytes: number;
  /** How long an upload is kept. */
  readonly uploadRetentionMs: number;
  /** The built web UI. */
  readonly webFolder: string;
}

/** Everything the API stands on. `main` and the tests both hand it to `buildApp`. */
export interface ApiDeps {
  readonly store: Store;
  readonly queues: Queues;
  readonly bus: Bus;
  readonly blobs: Blobs;
  readonly signer: Signer;
  readonly downloads: DownloadSigner;
  readonly urlCheck: UrlCheck;
  readonly sealer: Sealer;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
  readonly settings: ApiSettings;
  /** Fires when another api has taken over and this one only finishes what it has begun. */
  readonly leaving?: AbortSignal;
}
