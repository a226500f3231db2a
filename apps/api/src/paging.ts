import type { WirePage } from '@hearth/contract';
import { invalidField } from './problem.ts';
import type { Urls } from './urls.ts';

/** Replicate's page size; there is no parameter for it. */
const PAGE_SIZE = 100;

const ID = /^[0-9a-z]{1,64}$/;

/** The id that a cursor stands for. */
function cursorId(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!ID.test(id)) throw invalidField('cursor', 'format', 'is not a cursor; take `next` of a page as it is');
  return id;
}

/** What a store's list wants: one row more than a page, which tells whether there is a next one. */
export const pageOf = (cursor: string | undefined) => ({ limit: PAGE_SIZE + 1, before: cursorId(cursor) });

/** A page from at most `PAGE_SIZE + 1` rows. `filters` are repeated in `next`. */
export async function answerPage<Row extends { id: string }, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item | null | Promise<Item | null>,
  where: { urls: Urls; path: string; filters?: Readonly<Record<string, string | undefined>> },
): Promise<WirePage<Item>> {
  const page = rows.slice(0, PAGE_SIZE);
  const last = page.at(-1);
  const items = await Promise.all(page.map(async (row) => toItem(row)));
  let next: string | null = null;
  if (rows.length > PAGE_SIZE && last) {
    const query = new URLSearchParams({ cursor: Buffer.from(last.id).toString('base64url') });
    for (const [name, value] of Object.entries(where.filters ?? {})) if (value !== undefined) query.set(name, value);
    next = where.urls.api(`${where.path}?${query.toString()}`);
  }
  return { next, previous: null, results: items.filter((item) => item !== null) };
}
