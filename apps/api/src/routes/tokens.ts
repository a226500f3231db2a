import { newTokenSchema, tokenBodySchema, tokenSchema } from '@hearth/contract';
import { hashToken, newToken } from '@hearth/kit';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { callerOf, requireAdminRole } from '../plugins/auth.ts';
import { notFound } from '../problem.ts';
import { wireToken } from '../wire.ts';

const tags = ['account'];

/**
 * Ours: tokens. Members see those of their own account, and make and remove members' tokens of it; admins do so with all
 * tokens of all accounts. Accounts come into being with their first token.
 */
export function tokenRoutes(app: App, { deps, auth }: Context): void {
  const { accounts } = deps.store;

  app.post(
    '/tokens',
    { schema: { tags, body: tokenBodySchema, response: { 201: newTokenSchema } } },
    async (request, reply) => {
      const caller = callerOf(request);
      const { name, role, username = caller.account.username } = request.body;
      if (role === 'admin' || username !== caller.account.username) requireAdminRole(caller);
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
      schema: {
        tags,
        querystring: z.object({ username: z.string().optional() }),
        response: { 200: z.array(tokenSchema) },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { username = caller.account.username } = request.query;
      if (username !== caller.account.username) requireAdminRole(caller);
      const account = await accounts.byUsername(username);
      if (account === null) throw notFound(`Account ${username}`);
      return (await accounts.tokens(account.id)).map((row) => wireToken(row, username));
    },
  );

  app.delete('/tokens/:id', { schema: { tags, params: z.object({ id: z.string() }) } }, async (request, reply) => {
    const { account, role } = callerOf(request);
    const within = role === 'admin' ? undefined : { accountId: account.id, role };
    if (!(await accounts.removeToken(request.params.id, within))) throw notFound(`Token ${request.params.id}`);
    auth.forget();
    return reply.code(204).send();
  });
}
