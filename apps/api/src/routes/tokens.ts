import { newTokenSchema, tokenBodySchema, tokenSchema } from '@hearth/contract';
import { hashToken, newToken } from '@hearth/kit';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { callerOf, requireAdmin } from '../plugins/auth.ts';
import { notFound } from '../problem.ts';
import { wireToken } from '../wire.ts';

const tags = ['account'];

/** Ours: tokens, for admins. Accounts come into being with their first token. */
export function tokenRoutes(app: App, { deps, auth }: Context): void {
  const { accounts } = deps.store;

  app.post(
    '/tokens',
    { onRequest: requireAdmin, schema: { tags, body: tokenBodySchema, response: { 201: newTokenSchema } } },
    async (request, reply) => {
      const { name, role, username = callerOf(request).account.username } = request.body;
      const account = await accounts.ensure({ type: 'user', username, name: username });
      const token = newToken();
      const row = await accounts.addToken({
        accountId: account.id,
        name,
        role,
        hash: hashToken(token),
        hint: token.slice(-4),
      });
      reply.code(201);
      return { ...wireToken(row, username), token };
    },
  );

  app.get(
    '/tokens',
    {
      onRequest: requireAdmin,
      schema: {
        tags,
        querystring: z.object({ username: z.string().optional() }),
        response: { 200: z.array(tokenSchema) },
      },
    },
    async (request) => {
      const { username = callerOf(request).account.username } = request.query;
      const account = await accounts.byUsername(username);
      if (account === null) throw notFound(`Account ${username}`);
      return (await accounts.tokens(account.id)).map((row) => wireToken(row, username));
    },
  );

  app.delete(
    '/tokens/:id',
    { onRequest: requireAdmin, schema: { tags, params: z.object({ id: z.string() }) } },
    async (request, reply) => {
      if (!(await accounts.removeToken(request.params.id))) throw notFound(`Token ${request.params.id}`);
      auth.forget();
      return reply.code(204).send();
    },
  );
}
