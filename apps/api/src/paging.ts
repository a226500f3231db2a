import type { WirePage } from '@hearth/contract';
import { invalidField } from './problem.ts';
import type { Urls } from './urls.ts';

/** Replicate's page size; there is no parameter for it. */
const PAGE_SIZE = 100;

const ID = /^[0-9a-z]{1,64}$/;

/** What a store's list wants: one row more than a page, which tells whether the list goes on. */
export interface PageRequest {
  readonly limit: number;
  /** The key of the row in front of the page: it begins behind that one. */
  readonly before?: string;
  /** The key of the row behind the page: it ends in front of that one. */
  readonly after?: string;
}

/** `key`: the form of the keys that this list's cursors hold. */
export function pageOf(cursor: string | undefined, key: RegExp = ID): PageRequest {
  const limit = PAGE_SIZE + 1;
  if (cursor === undefined) return { limit };
  const [, side, text = ''] = /^(before|after):(.*)$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (side === undefined || !key.test(text))
    throw invalidField(
      'cursor',
      'format',
      'is not a cursor of this list; take `next` or `previous` of a page as it is',
    );
  return side === 'before' ? { limit, before: text } : { limit, after: text };
}

/**
 * A page from the rows that `page` was asked with, at most `PAGE_SIZE + 1`. `filters` are repeated in the URLs of the pages
 * beside it; `keyOf` is the row's key where that is not its id.
 */
export async function answerPage<Row extends { id: string }, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item | null | Promise<Item | null>,
  where: {
    urls: Urls;
    path: string;
    page: PageRequest;
    filters?: Readonly<Record<string, string | undefined>>;
    keyOf?: (row: Row) => string;
  },
): Promise<WirePage<Item>> {
  const { page, keyOf = (row) => row.id } = where;
  const back = page.after !== undefined;
  const more = rows.length > PAGE_SIZE;
  const shown = back ? rows.slice(-PAGE_SIZE) : rows.slice(0, PAGE_SIZE);
  const items = await Promise.all(shown.map(async (row) => toItem(row)));
  const [first, last] = [shown.at(0), shown.at(-1)];
  // Whoever came from a page beside this one can go back to it.
  const hasNext = back || more;
  const hasPrevious = back ? more : page.before !== undefined;
  return {
    next: hasNext && last ? beside(`before:${keyOf(last)}`, where) : null,
    previous: hasPrevious && first ? beside(`after:${keyOf(first)}`, where) : null,
    results: items.filter((item) => item !== null),
  };
}

function beside(
  cursor: string,
  { urls, path, filters = {} }: { urls: Urls; path: string; filters?: Readonly<Record<string, string | undefined>> },
): string {
  const query = new URLSearchParams({ cursor: Buffer.from(cursor).toString('base64url') });
  for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.set(name, value);
  return urls.api(`${path}?${query.toString()}`);
}
