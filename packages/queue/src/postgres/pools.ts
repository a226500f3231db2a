import { EventEmitter } from 'node:events';
import type { Logger } from '@hearth/kit';
import { isPgPool, type PgPool } from 'bullmq';
import { Client, Pool, type PoolClient, type PoolConfig, type QueryResult, type QueryResultRow } from 'pg';

const SCHEMA = 'bullmq';
const MAX_QUERIES = 5;
/** One per attached consumer. */
const MAX_LISTENERS = 200;

export interface Pools {
  /** Short queries; search_path is BullMQ's schema. */
  readonly queries: Pool;
  /** The pool as one BullMQ object may have it. */
  share(): PgPool;
  close(): Promise<void>;
}

/**
 * The queues are transport: what a crash of the server loses of them is restored from the store, which waits for its
 * own commits. So these sessions do not wait for the disk.
 */
const sessionConfig = (url: string): PoolConfig => ({
  connectionString: url,
  options: `-c search_path=${SCHEMA} -c synchronous_commit=off`,
  keepAlive: true,
  connectionTimeoutMillis: 5_000,
});

export function createPools(url: string, log: Logger): Pools {
  const queries = new Pool({ ...sessionConfig(url), max: MAX_QUERIES });
  const listeners = new Pool({ ...sessionConfig(url), max: MAX_LISTENERS, idleTimeoutMillis: 1_000 });
  // Unheard, the end of an idle connection would end the process; the bus reports outages.
  for (const pool of [queries, listeners]) {
    pool.on('error', (error) => log.debug({ err: error }, 'Postgres connection'));
    // One in use may report its end twice, in words and by a broken pipe, and is listened to once.
    pool.on('connect', (client) => client.on('error', () => {}));
  }
  return {
    queries,
    share: () => {
      const shared = new SharedPool(queries, listeners);
      // BullMQ's types of a pool differ from @types/pg in overloads; its own check settles it.
      if (!isPgPool(shared)) throw new TypeError('BullMQ takes a pool to be something else than it used to');
      return shared;
    },
    close: async () => {
      await Promise.all([queries.end(), listeners.end()]);
    },
  };
}

/** A session of its own for LISTEN and for migrations. */
export const createSession = (url: string): Client => new Client(sessionConfig(url));

/**
 * What a BullMQ Queue or Worker gets as its pool. BullMQ adds error listeners to a pool and never takes them away, and
 * checks out a connection for LISTEN for as long as a Worker lives: both would pile up on a pool shared plainly.
 */
class SharedPool extends EventEmitter {
  readonly options = { keepAlive: true };
  readonly #queries: Pool;
  readonly #listeners: Pool;

  constructor(queries: Pool, listeners: Pool) {
    super();
    this.#queries = queries;
    this.#listeners = listeners;
  }

  query<Row extends QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<QueryResult<Row>> {
    return this.#queries.query<Row>(text, [...values]);
  }

  connect(): Promise<PoolClient> {
    return this.#listeners.connect();
  }

  /** The pools outlive the object that was given this. */
  async end(): Promise<void> {}
}
