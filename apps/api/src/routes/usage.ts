import { pageOf as pageSchema, usageQuerySchema, usageRecordSchema, usageTotalsSchema } from '@hearth/contract';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf } from '../plugins/auth.ts';
import { wireUsageRecord } from '../wire.ts';

/** Ours: what was billed. Members see their own, admins everybody's. */
export function usageRoutes(app: App, { deps, urls }: Context): void {
  const { usage } = deps.store;
  const response = { 200: z.union([usageTotalsSchema, pageSchema(usageRecordSchema)]) };

  app.get('/usage', { schema: { tags: ['usage'], querystring: usageQuerySchema, response } }, async (request) => {
    const { by, from, to, cursor } = request.query;
    const caller = callerOf(request);
    const accountId = caller.role === 'admin' ? undefined : caller.account.id;
    if (by === undefined) {
      const page = pageOf(cursor);
      return answerPage(await usage.list({ ...page, accountId }), wireUsageRecord, { urls, path: '/usage', page });
    }
    const totals = await usage.totals({
      by,
      accountId,
      from: from === undefined ? undefined : Date.parse(from),
      to: to === undefined ? undefined : Date.parse(to),
    });
    return {
      by,
      results: totals.map(({ key, predictions, predictMicroseconds, costMicros }) => ({
        key,
        predictions,
        predict_microseconds: predictMicroseconds,
        cost_micros: costMicros,
      })),
    };
  });
}
