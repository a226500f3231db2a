import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely';
import type { Page } from './store.ts';

/** What a list is ordered by: an expression that is unique in it, and the same of the row that a key stands for. */
interface Order<Key> {
  readonly by: RawBuilder<unknown>;
  readonly at: (key: Key) => RawBuilder<unknown>;
  /** Left out: newest first. */
  readonly direction?: 'asc' | 'desc';
}

/** One page of a list, in the list's order, from either end. */
export async function keysetPage<Tables, Table extends keyof Tables, Row, Key>(
  query: SelectQueryBuilder<Tables, Table, Row>,
  { by, at, direction = 'desc' }: Order<Key>,
  { limit, before, after }: Page<Key>,
): Promise<Row[]> {
  // Towards the beginning of the list, the rows nearest to the key come first and are turned around.
  const back = after !== undefined;
  const ascending = back === (direction === 'desc');
  const key = after ?? before;
  let rows = query.orderBy(by, ascending ? 'asc' : 'desc').limit(limit);
  if (key !== undefined) rows = rows.where(sql<boolean>`${by} ${sql.raw(ascending ? '>' : '<')} ${at(key)}`);
  const found = await rows.execute();
  return back ? found.toReversed() : found;
}

/** Newest first by an id that sorts by time. */
export const byId = (column: string): Order<string> => ({
  by: sql.ref(column),
  at: (id) => sql`${id}`,
});
