import { createClient } from '@hearth/contract';

/** What the API's absolute URLs begin with; known once the session is. */
let publicUrl: string = location.origin;

export function setPublicUrl(url: string): void {
  publicUrl = url;
}

/**
 * A URL that the API gave, for this page: the API writes its public address into what it answers, and this page may have
 * been opened under another (an address in place of a name, a tunnel). Anybody else's URL stays as it is.
 */
export function reachable(url: string, from: string = publicUrl): string {
  return url.startsWith(`${from}/`) ? url.slice(from.length) : url;
}

/** The whole API, as whoever is signed in. Every method throws `ApiError` for an answer of 400 and above. */
export const api = createClient({
  baseUrl: location.origin,
  fetch: (url, init) => fetch(reachable(url), init),
});
