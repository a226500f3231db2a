import type { Pool, PoolClient } from 'pg';

/** Runs queries that all see the same instant, for as long as the iteration takes. */
export async function* inSnapshot<Part>(
  pool: Pool,
  parts: (client: PoolClient) => AsyncIterable<Part>,
): AsyncGenerator<Part> {
  const client = await pool.connect();
  let done = false;
  try {
    await client.query('start transaction isolation level repeatable read read only');
    yield* parts(client);
    await client.query('commit');
    done = true;
  } finally {
    // Whoever stopped early, or failed, leaves a transaction open: the connection goes with it.
    client.release(!done);
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
  client: PoolClient,
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
