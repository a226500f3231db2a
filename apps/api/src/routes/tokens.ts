import { effectiveScope, MOST_OF_ROLE, newTokenSchema, tokenBodySchema, tokenSchema } from '@hearth/contract';
import { hashToken, newToken } from '@hearth/kit';
import type { MemberRow, TokenRow } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { callerOf, type Identity, requireOperator } from '../plugins/auth.ts';
import { invalidField, notFound } from '../problem.ts';
import { dateOrNull, wireToken } from '../wire.ts';

const tags = ['account'];

/**
 * Ours: tokens. An account's owners see, make and remove those of its members, the operator all. Whatever is less than
 * `admin` makes none, so a token that leaks is over when it is removed. Accounts may come into being with their first token.
 */
export function tokenRoutes(app: App, { deps, auth }: Context): void {
  const { accounts } = deps.store;

  app.post(
    '/tokens',
    {
      config: { needs: 'admin', audit: 'tokens.create' },
      schema: { tags, body: tokenBodySchema, response: { 201: newTokenSchema } },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { name, username = caller.account.username, operator, scope } = request.body;
      if (operator || username !== caller.account.username) requireOperator(caller);
      const expiresAt = expiryOf(request.body, deps.now());
      const member = await memberFor(request.body, username, caller);
      const account = await accounts.ensure({ type: 'user', username, name: username });
      const token = newToken();
      const row = await accounts.addToken({
        accountId: account.id,
        memberId: member?.id,
        name,
        scope,
        operator,
        expiresAt,
        hash: hashToken(token),
        hint: token.slice(-4),
      });
      noteChange(request, { subject: row.id, owner: username, after: powerOf(row) });
      reply.code(201);
      return { ...wireToken(row), token };
    },
  );

  app.get(
    '/tokens',
    {
      config: { needs: 'admin' },
      schema: {
        tags,
        querystring: z.object({ username: z.string().optional() }),
        response: { 200: z.array(tokenSchema) },
      },
    },
    async (request) => {
      const caller = callerOf(request);
      const { username = caller.account.username } = request.query;
      if (username !== caller.account.username) requireOperator(caller);
      const account = await accounts.byUsername(username);
      if (account === null) throw notFound(`Account ${username}`);
      return (await accounts.tokens(account.id)).map(wireToken);
    },
  );

  app.delete(
    '/tokens/:id',
    { config: { needs: 'admin', audit: 'tokens.remove' }, schema: { tags, params: z.object({ id: z.string() }) } },
    async (request, reply) => {
      const { id } = request.params;
      const caller = callerOf(request);
      const row = await accounts.token(id);
      // The operator's are the operator's, also in an account that has other owners.
      const mayRemove = row !== null && (caller.operator || (row.accountId === caller.account.id && !row.operator));
      if (!mayRemove || !(await accounts.removeToken(id))) throw notFound(`Token ${id}`);
      noteChange(request, { subject: id, owner: row.username, before: powerOf(row) });
      auth.forget();
      return reply.code(204).send();
    },
  );

  /** Undefined: the account's first owner. One that is yet to be made will have one of its own name. */
  async function memberFor(
    { member: name, scope, operator }: Body,
    username: string,
    caller: Identity,
  ): Promise<MemberRow | undefined> {
    const account = await accounts.byUsername(username);
    const isOwn = account?.id === caller.account.id;
    if (name === undefined && !isOwn) return undefined;
    const wanted = name ?? caller.member;
    if (account === null && wanted === username) return undefined;
    const member = account && (await accounts.member(account.id, wanted));
    if (member === null) throw invalidField('member', 'enum', `${JSON.stringify(wanted)} is no member of ${username}`);
    const most = MOST_OF_ROLE[member.role];
    if (effectiveScope(scope, member.role) !== scope)
      throw invalidField('scope', 'scope', `${scope} is more than a ${member.role} may have: ${most} at most`);
    if (operator && member.role !== 'owner')
      throw invalidField('operator', 'not_allowed', `${member.name} is no owner of ${username}`);
    return member;
  }
}

const powerOf = ({ name, member, scope, operator, expiresAt }: TokenRow) => ({
  name,
  member,
  scope,
  operator,
  expires_at: dateOrNull(expiresAt),
});

type Body = z.output<typeof tokenBodySchema>;

function expiryOf({ expires_at }: Body, now: number): number | null {
  if (expires_at === undefined) return null;
  const at = Date.parse(expires_at);
  if (at <= now) throw invalidField('expires_at', 'datetime', `${expires_at} has passed`);
  return at;
}
