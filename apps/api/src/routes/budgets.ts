import {
  accountBudgetBodySchema,
  budgetSchema,
  periodEnd,
  type TokenBudgetBody,
  tokenBudgetBodySchema,
  type WireBudget,
} from '@hearth/contract';
import type { Millis } from '@hearth/core';
import type { AccountRow, BudgetLimits, BudgetRow } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { callerOf, type Identity } from '../plugins/auth.ts';
import { notFound } from '../problem.ts';

const tags = ['account'];
const ofAccount = z.object({ username: z.string() });
const ofToken = z.object({ id: z.string() });

/** Ours: budgets. The operator sets those of accounts; an account's owners set those of its tokens and see both. */
export function budgetRoutes(app: App, { deps, rates }: Context): void {
  const { accounts, budgets } = deps.store;

  app.get(
    '/budgets',
    { config: { needs: 'read' }, schema: { tags, response: { 200: z.array(budgetSchema) } } },
    async (request) => {
      const { operator, account } = callerOf(request);
      const now = deps.now();
      return (await budgets.list(operator ? {} : { accountId: account.id }, now)).map((row) => wireBudget(row, now));
    },
  );

  type Of = { accountId: string; tokenId: string | null };
  const set = async (request: FastifyRequest, of: Of, body: TokenBudgetBody, what: string) => {
    const now = deps.now();
    const before = await budgets.get(of.tokenId ?? of.accountId, now);
    const row = await budgets.set(of, limitsIn(body), now);
    if (row === null) throw notFound(what);
    rates.forget();
    noteLimits(request, before, row);
    return wireBudget(row, now);
  };
  const remove = async (request: FastifyRequest, id: string, what: string): Promise<void> => {
    const before = await budgets.get(id, deps.now());
    if (!(await budgets.remove(id))) throw notFound(`A budget of ${what}`);
    rates.forget();
    noteLimits(request, before, null);
  };
  const account = async (username: string): Promise<AccountRow> => {
    const row = await accounts.byUsername(username);
    if (row === null) throw notFound(`Account ${username}`);
    return row;
  };
  /** One that the caller may manage; another is as if it were not there. */
  const token = async (id: string, caller: Identity) => {
    const row = await accounts.token(id);
    if (row === null || !(caller.operator || row.accountId === caller.account.id)) throw notFound(`Token ${id}`);
    return row;
  };

  app.put(
    '/accounts/:username/budget',
    {
      config: { needs: 'operator', audit: 'budgets.set' },
      schema: { tags, params: ofAccount, body: accountBudgetBodySchema, response: { 200: budgetSchema } },
    },
    async (request) => {
      const { username } = request.params;
      const { id } = await account(username);
      return set(request, { accountId: id, tokenId: null }, request.body, `Account ${username}`);
    },
  );
  app.delete(
    '/accounts/:username/budget',
    { config: { needs: 'operator', audit: 'budgets.remove' }, schema: { tags, params: ofAccount } },
    async (request, reply) => {
      const { username } = request.params;
      const { id } = await account(username);
      await remove(request, id, `account ${username}`);
      return reply.code(204).send();
    },
  );

  app.put(
    '/tokens/:id/budget',
    {
      config: { needs: 'admin', audit: 'budgets.set' },
      schema: { tags, params: ofToken, body: tokenBudgetBodySchema, response: { 200: budgetSchema } },
    },
    async (request) => {
      const { id, accountId } = await token(request.params.id, callerOf(request));
      return set(request, { accountId, tokenId: id }, request.body, `Token ${id}`);
    },
  );
  app.delete(
    '/tokens/:id/budget',
    { config: { needs: 'admin', audit: 'budgets.remove' }, schema: { tags, params: ofToken } },
    async (request, reply) => {
      const { id } = await token(request.params.id, callerOf(request));
      await remove(request, id, `token ${id}`);
      return reply.code(204).send();
    },
  );
}

/** For the audit log: which limits are others now. */
function noteLimits(request: FastifyRequest, before: BudgetRow | null, after: BudgetRow | null): void {
  const row = after ?? before;
  if (row === null) return;
  const subject = row.token?.id ?? row.username;
  noteChange(request, {
    subject,
    owner: row.username,
    before: before && limitsOf(before),
    after: after && limitsOf(after),
  });
}

const limitsOf = (row: BudgetLimits) => ({
  day_micros: row.dayMicros,
  month_micros: row.monthMicros,
  max_in_flight: row.maxInFlight,
  creates_per_minute: row.createsPerMinute,
});

const limitsIn = (body: TokenBudgetBody): Partial<BudgetLimits> => ({
  ...(body.day_micros !== undefined && { dayMicros: body.day_micros }),
  ...(body.month_micros !== undefined && { monthMicros: body.month_micros }),
  ...(body.max_in_flight !== undefined && { maxInFlight: body.max_in_flight }),
  ...(body.creates_per_minute !== undefined && { createsPerMinute: body.creates_per_minute }),
});

const wireBudget = (row: BudgetRow, now: Millis): WireBudget => ({
  account: row.username,
  token: row.token,
  day: { limit_micros: row.dayMicros, spent_micros: row.daySpentMicros, ends_at: periodEnd('day', now) },
  month: { limit_micros: row.monthMicros, spent_micros: row.monthSpentMicros, ends_at: periodEnd('month', now) },
  held_micros: row.heldMicros,
  max_in_flight: row.maxInFlight,
  in_flight: row.inFlight,
  creates_per_minute: row.createsPerMinute,
});
