import { sessionBodySchema, sessionSchema, type WireSession } from '@hearth/contract';
import { hashToken, newToken } from '@hearth/kit';
import type { FastifyRequest } from 'fastify';
import type { App, Context } from '../context.ts';
import type { Identity } from '../plugins/auth.ts';
import { Problem } from '../problem.ts';
import { cookieOptions, requireOwnPage, SESSION_COOKIE } from '../session-cookie.ts';

/** After this a person signs in again. */
const SESSION_MS = 30 * 24 * 3_600_000;

/** The web UI's sign-in: a token for a cookie that stands for it. Not below `/v1`, because programs have no use for it. */
export function sessionRoutes(app: App, { deps, auth, audit, guesses }: Context): void {
  const { store, settings, now } = deps;
  const { publicUrl } = settings;
  const cookie = cookieOptions(publicUrl);
  const response = { 200: sessionSchema };
  const ownPage = async (request: FastifyRequest) => requireOwnPage(request, publicUrl);
  const wire = (identity: Identity | null): WireSession => ({
    account: identity && {
      type: identity.account.type,
      username: identity.account.username,
      name: identity.account.name,
    },
    power: identity && { scope: identity.scope, operator: identity.operator, member: identity.member },
    public_url: publicUrl,
  });

  const identify = async (request: FastifyRequest) => auth.identify(request);
  app.get(
    '/session',
    { config: { needs: 'nothing' }, schema: { hide: true, response }, onRequest: identify },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return wire(request.identity);
    },
  );

  app.post(
    '/session',
    {
      config: { needs: 'nothing' },
      schema: { hide: true, body: sessionBodySchema, response },
      onRequest: ownPage,
    },
    async (request, reply) => {
      const identity = await auth.ofToken(request.body.token);
      if (identity === null) {
        guesses.wrong(request);
        throw new Problem('unauthenticated', 'This token is not known, or was removed.');
      }
      audit.expect(request, { ...identity, source: 'web' }, 'sessions.create');
      await audit.begin(request);
      const secret = newToken();
      const expiresAt = Math.min(now() + SESSION_MS, identity.expiresAt ?? Number.POSITIVE_INFINITY);
      await store.sessions.add({ hash: hashToken(secret), tokenId: identity.tokenId, expiresAt });
      reply.setCookie(SESSION_COOKIE, secret, { ...cookie, expires: new Date(expiresAt) });
      reply.header('cache-control', 'no-store');
      return wire(identity);
    },
  );

  app.delete(
    '/session',
    { config: { needs: 'nothing' }, schema: { hide: true }, onRequest: [ownPage, identify] },
    async (request, reply) => {
      if (request.identity !== null) audit.expect(request, request.identity, 'sessions.remove');
      await audit.begin(request);
      const secret = request.cookies[SESSION_COOKIE];
      if (secret !== undefined && (await store.sessions.remove(hashToken(secret)))) auth.forget();
      return reply.clearCookie(SESSION_COOKIE, cookie).code(204).send();
    },
  );
}
