import type { CookieSerializeOptions } from '@fastify/cookie';
import type { FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

export const SESSION_COOKIE = 'hearth_session';

/** How the session's cookie is set: pages cannot read it, and no other site's page or link sends it. */
export const cookieOptions = (publicUrl: string): CookieSerializeOptions => ({
  path: '/',
  httpOnly: true,
  sameSite: 'strict',
  secure: publicUrl.startsWith('https:'),
});

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets what changes something pass only where a page of ours asked for it. `SameSite` leaves other ports and subdomains of
 * the same site, so the browser's own word counts: `Sec-Fetch-Site`, and where it says none (it does so over plain HTTP),
 * `Origin`.
 * @throws Problem `cross-site`
 */
export function requireOwnPage(request: Pick<FastifyRequest, 'method' | 'headers'>, publicUrl: string): void {
  if (SAFE_METHODS.has(request.method) || isOfOwnPage(request.headers, publicUrl)) return;
  throw new Problem('cross-site', 'This was not asked for by a page of this Hearth. Programs send a token instead.');
}

function isOfOwnPage(headers: FastifyRequest['headers'], publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  if (origin === undefined || !URL.canParse(origin)) return false;
  const from = new URL(origin);
  return from.host === headers.host || from.origin === new URL(publicUrl).origin;
}
