import type { ClientBase, Pool } from 'pg';
import type { Connection } from '../database.ts';

/** Whoever reads on no sooner than this is gone: an open snapshot keeps Postgres from clearing away what it might see. */
const ABANDONED_AFTER = '5min';

/**
 * Runs queries that all see the same instant, for as long as the iteration takes: on a connection of its own, so that a
 * slow reader takes none from the pool.
 */
export async function* inSnapshot<Part>(
  { client: connect }: Pick<Connection, 'client'>,
  parts: (client: ClientBase) => AsyncIterable<Part>,
): AsyncGenerator<Part> {
  const client = connect();
  // An error ends the connection, and the query in progress or the next one says so.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('start transaction isolation level repeatable read read only');
    // A query, and the first one: from here on nothing that is written is seen.
    await client.query("select set_config('idle_in_transaction_session_timeout', $1, true)", [ABANDONED_AFTER]);
    yield* parts(client);
  } finally {
    // It has only read: there is nothing to commit.
    await client.end();
  }
}

/** A query in pages: $1 is the limit, then come the parts of the key that a page goes on behind, then `values`. */
export interface Paged {
  readonly text: string;
  readonly limit: number;
  /** Before the first row. */
  readonly from: readonly (string | number)[];
  readonly values: readonly unknown[];
}

export async function* pages<Row extends object>(
  client: ClientBase | Pool,
  { text, limit, from, values }: Paged,
  keyOf: (row: Row) => Paged['from'],
): AsyncGenerator<readonly Row[]> {
  for (let key: Paged['from'] | null = from; key !== null; ) {
    const { rows }: { rows: Row[] } = await client.query<Row>(text, [limit, ...key, ...values]);
    if (rows.length > 0) yield rows;
    const last: Row | undefined = rows.at(-1);
    key = last !== undefined && rows.length === limit ? keyOf(last) : null;
  }
}
