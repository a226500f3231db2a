import type { Compilable, InferResult } from 'kysely';
import type { QueryResult } from 'pg';
import type { Connection } from './database.ts';

/**
 * Several queries that see the same instant, in one round trip: a read-only transaction sent as one text, compiled once.
 * Such a text takes no parameters, so the queries have none.
 */
export function createSnapshot<Queries extends Record<string, Compilable<unknown>>>(
  { pool }: Connection,
  queries: Queries,
): () => Promise<{ [Name in keyof Queries]: InferResult<Queries[Name]> }> {
  const names = Object.keys(queries);
  const texts = Object.entries(queries).map(([name, query]) => {
    const { sql, parameters } = query.compile();
    if (parameters.length > 0)
      throw new Error(`the query for ${name} has parameters, which a batch can't take: ${sql}`);
    return sql;
  });
  const batch = ['start transaction isolation level repeatable read read only', ...texts, 'commit'].join(';\n');

  return async () => {
    const client = await pool.connect();
    try {
      const results: unknown = await client.query(batch);
      client.release();
      const [, ...answers] = results as QueryResult[];
      return Object.fromEntries(names.map((name, n) => [name, answers[n]?.rows])) as {
        [Name in keyof Queries]: InferResult<Queries[Name]>;
      };
    } catch (error) {
      // Its transaction is still open and useless: the connection goes.
      client.release(true);
      throw error;
    }
  };
}
