import {
  accountBodySchema,
  accountPatchSchema,
  accountShareSchema,
  pageOf as pageSchema,
  type WireAccountShare,
} from '@hearth/contract';
import type { AccountOverview } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { notFound, Problem } from '../problem.ts';
import { date } from '../wire.ts';

const tags = ['account'];
const params = z.object({ username: z.string() });

/** Ours, for operators: accounts, what share of the fleet each account has, and what it asks for. */
export function accountsRoutes(app: App, { deps, urls }: Context): void {
  const { accounts } = deps.store;

  app.get(
    '/accounts',
    {
      config: { needs: 'operator' },
      schema: {
        tags,
        querystring: z.object({ cursor: z.string().optional() }),
        response: { 200: pageSchema(accountShareSchema) },
      },
    },
    async (request) => {
      const page = pageOf(request.query.cursor);
      return answerPage(await accounts.overview(page), wireShare, { urls, path: '/accounts', page });
    },
  );

  const named = async (username: string): Promise<WireAccountShare> => {
    const account = await accounts.overviewOf(username);
    if (account === null) throw notFound(`Account ${username}`);
    return wireShare(account);
  };
  app.get(
    '/accounts/:username',
    { config: { needs: 'operator' }, schema: { tags, params, response: { 200: accountShareSchema } } },
    async (request) => named(request.params.username),
  );

  app.post(
    '/accounts',
    {
      config: { needs: 'operator', audit: 'accounts.create' },
      schema: { tags, body: accountBodySchema, response: { 201: accountShareSchema } },
    },
    async (request, reply) => {
      const { username, type, name = username, owner = username } = request.body;
      if ((await accounts.insert({ username, type, name, owner })) === 'taken')
        throw new Problem('name-taken', `There is an account ${username} already.`);
      noteChange(request, { subject: username, owner: username, after: { type, name, owner } });
      reply.code(201);
      return named(username);
    },
  );

  app.patch(
    '/accounts/:username',
    {
      config: { needs: 'operator', audit: 'accounts.update' },
      schema: { tags, params, body: accountPatchSchema, response: { 200: accountShareSchema } },
    },
    async (request) => {
      const { username } = request.params;
      const { weight, max_in_flight: maxInFlight } = request.body;
      const share = { ...(weight !== undefined && { weight }), ...(maxInFlight !== undefined && { maxInFlight }) };
      const before = await named(username);
      if (!(await accounts.setShare(username, share))) throw notFound(`Account ${username}`);
      // It lets in what a higher limit has room for, and holds what a lower one has not.
      deps.bus.poke('dispatcher');
      const after = await named(username);
      noteChange(request, { subject: username, owner: username, before: shareOf(before), after: shareOf(after) });
      return after;
    },
  );
}

const shareOf = ({ weight, max_in_flight }: WireAccountShare) => ({ weight, max_in_flight });

const wireShare = (row: AccountOverview): WireAccountShare => ({
  type: row.type,
  username: row.username,
  name: row.name,
  weight: row.weight,
  max_in_flight: row.maxInFlight,
  waiting: row.waiting,
  held: row.held,
  in_flight: row.inFlight,
  created_at: date(row.createdAt),
});
