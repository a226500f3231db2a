import { hashToken } from '@hearth/kit';
import type { AccountRow, Role, Store, TokenRow } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';
import { requireOwnPage, SESSION_COOKIE } from '../session-cookie.ts';
import { createTtlCache } from '../ttl-cache.ts';

/** Who asks. */
export interface Identity {
  readonly account: AccountRow;
  readonly role: Role;
  readonly tokenId: string;
  /** `web`: by the session of the web UI. */
  readonly source: 'api' | 'web';
}

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity | null;
  }
}

export interface Auth {
  /**
   * An `onRequest` hook: sets who asks, by a token or by the session of the web UI; null where that is nobody.
   * @throws Problem `cross-site` where a session comes with a change that no page of ours asked for
   */
  identify(request: FastifyRequest): Promise<void>;
  /** Who a token stands for. */
  ofToken(token: string): Promise<Identity | null>;
  /** The same, for who has to be somebody. @throws Problem `unauthenticated` */
  authenticate(request: FastifyRequest): Promise<void>;
  /** After a token or a session was removed. Other API processes forget it within seconds. */
  forget(): void;
}

/** A removed token works this long in other API processes. */
const KEPT_MS = 5_000;
/** So old may be what is known of a token's last use. One write for all the requests in between. */
const USE_NOTED_EVERY_MS = 60_000;
/** `Token` is Replicate's old scheme, still in its docs (contract §1.1). */
const AUTHORIZATION = /^(?:bearer|token)\s+(\S+)\s*$/i;

export function createAuth(store: Store, publicUrl: string, now: () => number): Auth {
  const identities = createTtlCache<Identity | null>({ ttlMs: KEPT_MS, max: 1_000, now });

  /** Tokens and sessions are random and long: their hashes are one space. */
  const known = (
    secret: string,
    source: Identity['source'],
    find: (hash: string) => Promise<Found | null>,
  ): Promise<Identity | null> => {
    const hash = hashToken(secret);
    return identities.get(hash, async () => {
      const found = await find(hash);
      if (found === null) return null;
      const { account, token } = found;
      if (now() - (token.lastUsedAt ?? 0) > USE_NOTED_EVERY_MS) await store.accounts.noteUse(token.id, now());
      return { account, role: token.role, tokenId: token.id, source };
    });
  };
  const ofToken = (token: string) => known(token, 'api', (hash) => store.accounts.byTokenHash(hash));
  const ofSession = (cookie: string) =>
    known(cookie, 'web', async (hash) => {
      const session = await store.sessions.byHash(hash);
      return session !== null && session.expiresAt > now() ? session : null;
    });

  /** A token, where there is one, is what the caller chose to be known by; browsers send the cookie with everything. */
  async function identify(request: FastifyRequest): Promise<void> {
    const token = AUTHORIZATION.exec(request.headers.authorization ?? '')?.[1];
    const cookie = request.cookies[SESSION_COOKIE];
    if (token !== undefined) request.identity = await ofToken(token);
    else if (cookie !== undefined) {
      requireOwnPage(request, publicUrl);
      request.identity = await ofSession(cookie);
    }
  }
  return {
    identify,
    ofToken,
    async authenticate(request) {
      await identify(request);
      requireIdentity(request);
    },
    forget: () => identities.clear(),
  };
}

interface Found {
  readonly account: AccountRow;
  readonly token: TokenRow;
}

/** After `identify`: lets nobody pass who is nobody. @throws Problem `unauthenticated`, in Replicate's words */
export function requireIdentity(request: FastifyRequest): void {
  if (request.identity !== null) return;
  throw new Problem('unauthenticated', 'You did not pass a valid authentication token', {
    headers: { 'www-authenticate': 'Bearer' },
  });
}

/** The caller of a route behind `authenticate`. */
export function callerOf(request: FastifyRequest): Identity {
  if (request.identity === null) throw new Error(`${request.url} is not behind authentication`);
  return request.identity;
}

/** An `onRequest` hook after `authenticate`. */
export async function requireAdmin(request: FastifyRequest): Promise<void> {
  requireAdminRole(callerOf(request));
}

/** @throws Problem `forbidden` */
export function requireAdminRole({ role }: Identity): void {
  if (role !== 'admin') throw new Problem('forbidden', "This needs an admin's token.");
}

/** Public things are everybody's to see and run, private ones their owner's and the admins'. */
export const mayUse = (caller: Identity, thing: { owner: string; visibility: 'public' | 'private' }): boolean =>
  thing.visibility === 'public' || mayChange(caller, thing);

/** For lists: whose private things they hold beside the public ones. Undefined: everybody's. */
export const viewerOf = (caller: Identity): string | undefined =>
  caller.role === 'admin' ? undefined : caller.account.username;

export const mayChange = (caller: Identity, thing: { owner: string }): boolean =>
  caller.role === 'admin' || thing.owner === caller.account.username;
