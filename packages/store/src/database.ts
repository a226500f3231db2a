import { Kysely, PostgresDialect } from 'kysely';
import { Client, type CustomTypesConfig, Pool, types as pgTypes } from 'pg';
import type { Schema } from './schema.ts';

export type Database = Kysely<Schema>;

const { TIMESTAMPTZ, INT8 } = pgTypes.builtins;

/** The instant that a `timestamptz` holds, in epoch milliseconds. Postgres writes `2026-01-02 03:04:05.678+00`. */
function parseInstant(text: string): number {
  const at = Date.parse(text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  if (Number.isNaN(at)) throw new RangeError(`"${text}" is not an instant that JavaScript can hold`);
  return at;
}

/** Money and microseconds are whole numbers; one above 2^53 would silently change, so it is refused. */
function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} exceeds ${Number.MAX_SAFE_INTEGER}`);
  return value;
}

/** How this package reads values. Kept to its own connections: `pg.types` is shared by the whole process. */
const types: CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    if (oid === TIMESTAMPTZ) return parseInstant;
    if (oid === INT8) return parseBigint;
    return pgTypes.getTypeParser(oid, format);
  },
};

export interface Connection {
  readonly db: Database;
  readonly pool: Pool;
  /** A connection outside the pool, for what must hold one. */
  client(): Client;
}

/**
 * Connects lazily. Idle connections that the server closes are dropped; the next query opens a new one. `answerWithinMs`:
 * a statement of the pool that takes longer fails, at the server, and a second later here where the server says nothing.
 */
export function connect(url: string, maxConnections: number, answerWithinMs?: number): Connection {
  const config = { connectionString: url, types, keepAlive: true, connectionTimeoutMillis: 10_000 };
  const bounds =
    answerWithinMs === undefined ? {} : { statement_timeout: answerWithinMs, query_timeout: answerWithinMs + 1_000 };
  const pool = new Pool({ ...config, ...bounds, max: maxConnections });
  // Without a listener, a server that goes away while connections idle would end the process. The pool has dropped the
  // connection by now, and a query that needs one reports for itself.
  pool.on('error', () => {});
  // One in use may report its end twice, in words and by a broken pipe; the pool listens once, and an unheard error ends us.
  pool.on('connect', (client) => client.on('error', () => {}));
  return {
    pool,
    db: new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) }),
    client: () => new Client(config),
  };
}
