import type { Logger } from '@hearth/kit';
import type { Bus, Queues } from './port.ts';
import { createPostgresTransport } from './postgres/transport.ts';
import { createRedisTransport } from './redis/transport.ts';

export interface TransportOptions {
  readonly now: () => number;
  readonly log: Logger;
  /** How long the tickets of a consumer that died stay locked before they are delivered again; 30 s. */
  readonly lockMs?: number;
}

export interface Transport {
  readonly queues: Queues;
  readonly bus: Bus;
  /** Closes both and lets go of what consumers still hold (it is delivered again); close them first to wait for it. */
  close(): Promise<void>;
}

/** A Redis (6.2 or newer; `redis://`, `rediss://`, `unix://` or a socket path) to itself, or a Postgres (13 or newer), where it keeps to the schema `bullmq`. */
export type TransportAddress = { readonly redisUrl: string } | { readonly postgresUrl: string };

const LOCK_MS = 30_000;

/** @throws TransportDown when there is no answer within a few seconds */
export function createTransport(address: TransportAddress, options: TransportOptions): Promise<Transport> {
  const settled = { lockMs: LOCK_MS, ...options };
  if ('redisUrl' in address) return createRedisTransport(address.redisUrl, settled);
  return createPostgresTransport(address.postgresUrl, settled);
}
