import type { Compilable, InferResult } from 'kysely';
import type { QueryResult } from 'pg';
import type { Connection } from './database.ts';

/**
 * Several queries that see the same instant, in one round trip: a read-only transaction sent as one text, compiled once.
 * Such a text takes no parameters, so the queries have none.
 */
export function createSnapshot<Queries extends Record<string, Compilable>>(
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
      // A list, for a text of several statements; pg's types don't know it.
      const answers: unknown = await client.query(batch);
      client.release();
      if (!Array.isArray(answers)) throw new Error('Postgres answered a batch with a single result');
      // The first answer is that of `start transaction`.
      const entries: Iterable<QueryResult['rows']> = names.map((name, n) => [name, answers[n + 1].rows]);
      return Object.fromEntries(entries);
    } catch (error) {
      // Its transaction is still open and useless: the connection goes.
      client.release(true);
      throw error;
    }
  };
}
