import { basename } from 'node:path';
import type { Signer } from '@hearth/files';
import { type OutboundGuard, OutboundRefused } from '@hearth/kit';
import { type Dispatcher, interceptors, request } from 'undici';
import { createGuardedAgent } from '../guarded-agent.ts';

/** Longer than any run that still waits for an input. */
const LIFETIME_S = 7 * 24 * 3600;
const LONGEST_NAME_CHARS = 200;

/** Keeps the address of one run's input from being of use for another run, or for another URL. */
export const fetchedSubject = (cogId: string, url: string): string => `fetched:${cogId}:${url}`;

/** Where a model server on a host of ours fetches what a user's URL leads to: from us, because it would reach our stores. */
export function fetchedUrl(
  url: string,
  {
    callbackBase,
    cogId,
    signer,
    nowSeconds,
  }: { callbackBase: string; cogId: string; signer: Signer; nowSeconds: number },
): string {
  const signature = signer.sign(fetchedSubject(cogId, url), nowSeconds + LIFETIME_S);
  const query = new URLSearchParams({ signature, url });
  return `${callbackBase}/fetched/${cogId}/${encodeURIComponent(nameIn(url))}?${query.toString()}`;
}

/** Models look at its ending. */
function nameIn(url: string): string {
  const name = basename(new URL(url).pathname);
  try {
    return decodeURIComponent(name).slice(-LONGEST_NAME_CHARS) || 'file';
  } catch {
    // Not percent-encoded text: the raw name serves as well.
    return name.slice(-LONGEST_NAME_CHARS) || 'file';
  }
}

/** What cannot be fetched, with the reason in words for the prediction's caller. */
export class NotFetched extends Error {
  override readonly name = 'NotFetched';
}

/** Opens URLs that users gave as inputs. */
export interface InputFetch {
  /** @throws NotFetched */
  get(url: string, signal: AbortSignal): Promise<Pick<Dispatcher.ResponseData, 'headers' | 'body'>>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A server may think for so long before it answers, and between two pieces of its answer. */
const SILENCE_MS = 60_000;
const MOST_REDIRECTS = 5;

export function createInputFetch(guard: OutboundGuard): InputFetch {
  const agent = createGuardedAgent(guard, { connectMs: CONNECT_TIMEOUT_MS, silenceMs: SILENCE_MS });
  // Each hop is a connection of the agent's, and judged as such.
  const dispatcher = agent.compose(
    interceptors.redirect({ maxRedirections: MOST_REDIRECTS, throwOnMaxRedirect: true }),
  );
  return {
    async get(url, signal) {
      try {
        const { statusCode, headers, body } = await request(url, { dispatcher, signal });
        if (statusCode >= 200 && statusCode < 300) return { headers, body };
        await body.dump();
        throw new NotFetched(`Could not download ${shown(url)}: the server answered ${statusCode}.`);
      } catch (error) {
        if (error instanceof NotFetched) throw error;
        throw new NotFetched(`Could not download ${shown(url)}: ${reasonOf(error)}`, { cause: error });
      }
    },
    close: () => agent.destroy(),
  };
}

/** Without the query, which may hold a signature. */
function shown(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

function reasonOf(error: unknown): string {
  if (error instanceof OutboundRefused) return error.message;
  return error instanceof Error ? error.message || error.name : String(error);
}
