import type { InvalidField } from '@hearth/contract';
import type { OutboundGuard } from '@hearth/kit';
import { createTtlCache } from '../ttl-cache.ts';
import type { FoundString } from './strings.ts';

/** Says of URLs that users give whether they would be opened, before anything is stored. */
export type UrlCheck = Pick<OutboundGuard, 'whyRefused'>;

/** So long the word on a host and port stands. Whoever opens the URL judges it anew. */
const KEPT_MS = 10_000;
const KEPT = 1_000;
/** A name server that takes longer does not hold up a create: whoever opens the URL waits for it. */
const PATIENCE_MS = 1_000;

export function createUrlCheck(guard: OutboundGuard, now: () => number): UrlCheck {
  const words = createTtlCache<{ why: string | null }>({ ttlMs: KEPT_MS, max: KEPT, now });
  return {
    async whyRefused(url) {
      const { why } = await words.get(new URL(url).origin, async () => ({ why: await inTime(guard.whyRefused(url)) }));
      return why;
    },
  };
}

async function inTime(asked: Promise<string | null>): Promise<string | null> {
  const { promise: late, resolve } = Promise.withResolvers<null>();
  const timer = setTimeout(() => resolve(null), PATIENCE_MS);
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** One issue for each of these URLs that would be refused. */
export async function refusedUrls(urls: readonly FoundString[], check: UrlCheck): Promise<InvalidField[]> {
  const looked = await Promise.all(urls.map(async ({ path, text }) => ({ path, why: await check.whyRefused(text) })));
  return looked.flatMap(({ path, why }) =>
    why === null ? [] : [{ type: 'url_refused', field: path, description: why }],
  );
}
