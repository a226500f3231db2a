import { appliedSchema } from './backup/layout.ts';
import { connect } from './database.ts';
import { newestSchema } from './migrate.ts';

/** What an operator wants to know of a database before trusting it. */
export interface DatabaseFacts {
  /** As it words it, such as `18.4`. */
  readonly version: string;
  readonly major: number;
  /** Of the fastest of three round trips. */
  readonly latencyMs: number;
  /** How far its clock is ahead of this machine's; within half of `latencyMs`. */
  readonly clockAheadMs: number;
  readonly maxConnections: number;
  /** Whether a commit survives a power cut. */
  readonly isDurable: boolean;
  /** The newest migration that it has; null before the first start. */
  readonly schema: string | null;
  /** The newest migration of this code. */
  readonly newestSchema: string;
}

const FACTS = /* sql */ `
select current_setting('server_version') as version, current_setting('server_version_num')::int / 10000 as major,
  current_setting('max_connections')::int as "maxConnections",
  current_setting('fsync')::bool and current_setting('full_page_writes')::bool as "isDurable"`;

/** @throws where it does not answer */
export async function inspectDatabase(url: string, now: () => number): Promise<DatabaseFacts> {
  const connection = connect(url, 1);
  const client = connection.client();
  // An error ends the connection, and the query that meets it reports it.
  client.on('error', () => {});
  try {
    await client.connect();
    let best = { latencyMs: Infinity, clockAheadMs: 0 };
    for (let round = 0; round < 3; round++) {
      const askedAt = now();
      const startedAt = performance.now();
      const { rows } = await client.query<{ ms: number }>(
        'select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms',
      );
      const latencyMs = performance.now() - startedAt;
      const itsNow = rows[0]?.ms ?? askedAt;
      if (latencyMs < best.latencyMs) best = { latencyMs, clockAheadMs: itsNow - (askedAt + latencyMs / 2) };
    }
    const { rows } =
      await client.query<Pick<DatabaseFacts, 'version' | 'major' | 'maxConnections' | 'isDurable'>>(FACTS);
    const [facts] = rows;
    if (facts === undefined) throw new Error('the database told nothing of itself');
    return { ...facts, ...best, schema: await appliedSchema(client), newestSchema: newestSchema() };
  } finally {
    await client.end();
    await connection.db.destroy();
  }
}
