import { hashToken } from '@hearth/kit';
import type { AccountRow, Role, Store } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { Problem } from '../problem.ts';
import { createTtlCache } from '../ttl-cache.ts';

/** Who asks. */
export interface Identity {
  readonly account: AccountRow;
  readonly role: Role;
  readonly tokenId: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    identity: Identity | null;
  }
}

export interface Auth {
  /** An `onRequest` hook: sets who asks, null where that is nobody. */
  identify(request: FastifyRequest): Promise<void>;
  /** The same, for who has to be somebody. @throws Problem `unauthenticated` */
  authenticate(request: FastifyRequest): Promise<void>;
  /** After a token was removed. Other API processes forget it within seconds. */
  forget(): void;
}

/** A removed token works this long in other API processes. */
const KEPT_MS = 5_000;
/** `Token` is Replicate's old scheme, still in its docs (contract §1.1). */
const AUTHORIZATION = /^(?:bearer|token)\s+(\S+)\s*$/i;

export function createAuth(store: Store, now: () => number): Auth {
  const identities = createTtlCache<Identity | null>({ ttlMs: KEPT_MS, max: 1_000, now });
  async function identify(request: FastifyRequest): Promise<void> {
    const token = AUTHORIZATION.exec(request.headers.authorization ?? '')?.[1];
    const hash = token === undefined ? null : hashToken(token);
    request.identity = hash === null ? null : await identities.get(hash, () => identityOfHash(store, hash));
  }
  return {
    identify,
    async authenticate(request) {
      await identify(request);
      requireIdentity(request);
    },
    forget: () => identities.clear(),
  };
}

async function identityOfHash(store: Store, hash: string): Promise<Identity | null> {
  const found = await store.accounts.byTokenHash(hash);
  return found && { account: found.account, role: found.token.role, tokenId: found.token.id };
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
  if (callerOf(request).role !== 'admin') throw new Problem('forbidden', "This needs an admin's token.");
}

/** Public things are everybody's to see and run, private ones their owner's and the admins'. */
export const mayUse = (caller: Identity, thing: { owner: string; visibility: 'public' | 'private' }): boolean =>
  thing.visibility === 'public' || mayChange(caller, thing);

/** For lists: whose private things they hold beside the public ones. Undefined: everybody's. */
export const viewerOf = (caller: Identity): string | undefined =>
  caller.role === 'admin' ? undefined : caller.account.username;

export const mayChange = (caller: Identity, thing: { owner: string }): boolean =>
  caller.role === 'admin' || thing.owner === caller.account.username;
