import { memberBodySchema, memberPatchSchema, memberSchema, type WireMember } from '@hearth/contract';
import type { AccountRow, MemberRow } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound, Problem } from '../problem.ts';
import { date } from '../wire.ts';

const tags = ['account'];
const params = z.object({ username: z.string() });
const named = params.extend({ name: z.string() });
type OfAccount = FastifyRequest<{ Params: { username: string } }>;

/** Ours: the persons of an account. Its owners say who they are; to other accounts there are none. */
export function memberRoutes(app: App, { deps, auth }: Context): void {
  const { accounts } = deps.store;

  const accountOf = async (request: OfAccount): Promise<AccountRow> => {
    const { username } = request.params;
    const { account: own, operator } = callerOf(request);
    const account = operator || username === own.username ? await accounts.byUsername(username) : null;
    if (account === null) throw notFound(`Account ${username}`);
    return account;
  };

  /** @throws Problem `forbidden` where it would end an operator's token, and no operator asks */
  const spareOperators = async (request: OfAccount, account: AccountRow, name: string): Promise<void> => {
    if (callerOf(request).operator) return;
    const tokens = await accounts.tokens(account.id);
    if (tokens.some(({ operator, member }) => operator && member === name))
      throw new Problem('forbidden', `${name} has an operator's token: only an operator may change this member.`);
  };

  app.get(
    '/accounts/:username/members',
    { config: { needs: 'read' }, schema: { tags, params, response: { 200: z.array(memberSchema) } } },
    async (request) => (await accounts.members((await accountOf(request)).id)).map(wireMember),
  );

  app.post(
    '/accounts/:username/members',
    {
      config: { needs: 'admin', audit: 'members.add' },
      schema: { tags, params, body: memberBodySchema, response: { 201: memberSchema } },
    },
    async (request, reply) => {
      const account = await accountOf(request);
      const { name, role } = request.body;
      const made = await accounts.addMember(account.id, { name, role });
      if (made === 'taken') throw new Problem('name-taken', `${account.username} has a member ${name} already.`);
      noteChange(request, { subject: `${account.username}/${name}`, owner: account.username, after: { name, role } });
      reply.code(201);
      return wireMember(made);
    },
  );

  app.patch(
    '/accounts/:username/members/:name',
    {
      config: { needs: 'admin', audit: 'members.update' },
      schema: { tags, params: named, body: memberPatchSchema, response: { 200: memberSchema } },
    },
    async (request) => {
      const account = await accountOf(request);
      const { name } = request.params;
      const before = await accounts.member(account.id, name);
      await spareOperators(request, account, name);
      const changed = standing(account, name, await accounts.setMemberRole(account.id, name, request.body.role));
      noteChange(request, {
        subject: `${account.username}/${name}`,
        owner: account.username,
        before: before && { role: before.role },
        after: { role: changed.role },
      });
      auth.forget();
      return wireMember(changed);
    },
  );

  app.delete(
    '/accounts/:username/members/:name',
    { config: { needs: 'admin', audit: 'members.remove' }, schema: { tags, params: named } },
    async (request, reply) => {
      const account = await accountOf(request);
      const { name } = request.params;
      const before = await accounts.member(account.id, name);
      await spareOperators(request, account, name);
      standing(account, name, await accounts.removeMember(account.id, name));
      noteChange(request, {
        subject: `${account.username}/${name}`,
        owner: account.username,
        before: before && { name, role: before.role },
      });
      auth.forget();
      return reply.code(204).send();
    },
  );
}

/** @throws Problem `not-found`, `last-owner` */
function standing<Done>({ username }: AccountRow, name: string, outcome: Done | 'last-owner' | null): Done {
  if (outcome === null) throw notFound(`Member ${name} of ${username}`);
  if (outcome !== 'last-owner') return outcome;
  throw new Problem('last-owner', `${name} is the only owner of ${username}. Make another member an owner first.`);
}

const wireMember = ({ name, role, createdAt }: MemberRow): WireMember => ({ name, role, created_at: date(createdAt) });
