/**
 * A URL that the API gave, for this page: the API writes its public address into what it answers, and this page may have
 * been opened under another (an address in place of a name, a tunnel). Anybody else's URL stays as it is.
 */
export const reachableFrom = (publicUrl: string, url: string): string =>
  url.startsWith(`${publicUrl}/`) ? url.slice(publicUrl.length) : url;
