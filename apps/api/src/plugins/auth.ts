import { effectiveScope, type TokenPower } from '@hearth/contract';
import { hashToken } from '@hearth/kit';
import type { AccountRow, Store, TokenRow } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';
import { requireOwnPage, SESSION_COOKIE } from '../session-cookie.ts';
import { createTtlCache } from '../ttl-cache.ts';

/** Who asks. */
export interface Identity extends TokenPower {
  readonly account: AccountRow;
  /** The name of the account's member whose token it is. */
  readonly member: string;
  readonly tokenId: string;
  readonly tokenName: string;
  /** When its token or session is over; null: not by itself. */
  readonly expiresAt: number | null;
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
  const known = async (
    secret: string,
    source: Identity['source'],
    find: (hash: string) => Promise<Found | null>,
  ): Promise<Identity | null> => {
    const hash = hashToken(secret);
    const isOver = (at: number | null): boolean => at !== null && at <= now();
    const identity = await identities.get(hash, async () => {
      const found = await find(hash);
      if (found === null || isOver(found.expiresAt)) return null;
      if (now() - (found.token.lastUsedAt ?? 0) > USE_NOTED_EVERY_MS)
        await store.accounts.noteUse(found.token.id, now());
      return identityOf(found, source);
    });
    return identity === null || isOver(identity.expiresAt) ? null : identity;
  };
  const ofToken = (token: string) =>
    known(token, 'api', async (hash) => {
      const found = await store.accounts.byTokenHash(hash);
      return found && { ...found, expiresAt: found.token.expiresAt };
    });
  const ofSession = (cookie: string) =>
    known(cookie, 'web', async (hash) => {
      const found = await store.sessions.byHash(hash);
      return found && { ...found, expiresAt: Math.min(found.expiresAt, found.token.expiresAt ?? found.expiresAt) };
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
    forget: () => identities.clear(),
  };
}

interface Found {
  readonly account: AccountRow;
  readonly token: TokenRow;
  readonly expiresAt: number | null;
}

const identityOf = ({ account, token, expiresAt }: Found, source: Identity['source']): Identity => ({
  account,
  member: token.member,
  tokenId: token.id,
  tokenName: token.name,
  scope: effectiveScope(token.scope, token.memberRole),
  // Who is no owner any more speaks for nobody else.
  operator: token.operator && token.memberRole === 'owner',
  expiresAt,
  source,
});

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

/** @throws Problem `forbidden` */
export function requireOperator({ operator }: Identity): void {
  if (!operator) throw new Problem('forbidden', "This needs an operator's token.");
}

/** Public things are everybody's to see and run, private ones their owner's and the operator's. */
export const mayUse = (caller: Identity, thing: { owner: string; visibility: 'public' | 'private' }): boolean =>
  thing.visibility === 'public' || mayChange(caller, thing);

/** For lists: whose private things they hold beside the public ones. Undefined: everybody's. */
export const viewerOf = (caller: Identity): string | undefined =>
  caller.operator ? undefined : caller.account.username;

export const mayChange = (caller: Identity, thing: { owner: string }): boolean =>
  caller.operator || thing.owner === caller.account.username;
