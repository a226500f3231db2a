import { createClient } from '@hearth/contract';
import { reachableFrom } from './reachable.ts';

/** What the API's absolute URLs begin with; known once the session is. */
let publicUrl: string = location.origin;

export function setPublicUrl(url: string): void {
  publicUrl = url;
}

/** A URL that the API gave, as this page can ask for it. */
export const reachable = (url: string): string => reachableFrom(publicUrl, url);

/** The whole API, as whoever is signed in. Every method throws `ApiError` for an answer of 400 and above. */
export const api = createClient({
  baseUrl: location.origin,
  fetch: (url, init) => fetch(reachable(url), init),
});

/** Where programs reach the API, without `/v1`. */
export const publicUrlNow = (): string => publicUrl;
