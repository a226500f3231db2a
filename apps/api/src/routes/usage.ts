import {
  pageOf as pageSchema,
  usageCsvQuerySchema,
  usageQuerySchema,
  usageRecordSchema,
  usageTotalsSchema,
} from '@hearth/contract';
import type { Usage } from '@hearth/store';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { csv } from '../csv.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity } from '../plugins/auth.ts';
import { wireUsageRecord } from '../wire.ts';

/** A correction's id is a prediction's with a dot and a key or number. */
const RECORD_ID = /^[0-9a-z]{1,64}(\.[0-9a-z-]{1,50})?$/;
const CSV_HEADER = ['day', 'key', 'name', 'predictions', 'run_seconds', 'cost_micros', 'correction_micros'];

/** Ours: what was billed. Members see their own, admins everybody's. */
export function usageRoutes(app: App, { deps, urls }: Context): void {
  const { usage } = deps.store;
  const response = { 200: z.union([usageTotalsSchema, pageSchema(usageRecordSchema)]) };

  app.get(
    '/usage',
    { config: { needs: 'read' }, schema: { tags: ['usage'], querystring: usageQuerySchema, response } },
    async (request) => {
      const { by, daily, kind, from, to, cursor } = request.query;
      const range = rangeFor(request.query, callerOf(request));
      if (by === undefined) {
        const page = pageOf(cursor, RECORD_ID);
        const rows = await usage.list({ ...page, kind, ...range });
        return answerPage(rows, wireUsageRecord, { urls, path: '/usage', page, filters: { kind, from, to } });
      }
      const totals = await usage.totals({ by, daily: daily === 'true', ...range });
      return {
        by,
        results: totals.map(({ day, key, name, predictions, predictMicroseconds, costMicros, correctionMicros }) => ({
          day,
          key,
          name,
          predictions,
          predict_microseconds: predictMicroseconds,
          cost_micros: costMicros,
          correction_micros: correctionMicros,
        })),
      };
    },
  );

  app.get(
    '/usage/csv',
    { config: { needs: 'read' }, schema: { tags: ['usage'], querystring: usageCsvQuerySchema } },
    async (request, reply) => {
      const { by } = request.query;
      const totals = await usage.totals({ by, daily: true, ...rangeFor(request.query, callerOf(request)) });
      const rows = totals.map(({ day, key, name, predictions, predictMicroseconds, costMicros, correctionMicros }) => [
        day ?? '',
        key,
        name,
        predictions,
        predictMicroseconds / 1_000_000,
        costMicros,
        correctionMicros,
      ]);
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="usage-by-${by}.csv"`)
        .send(csv([CSV_HEADER, ...rows]));
    },
  );
}

/** Undefined: everybody's. */
const billedOf = (caller: Identity): string | undefined => (caller.operator ? undefined : caller.account.id);

const rangeFor = (
  { from, to }: { from?: string | undefined; to?: string | undefined },
  caller: Identity,
): Pick<Parameters<Usage['totals']>[0], 'accountId' | 'from' | 'to'> => ({
  accountId: billedOf(caller),
  from: from === undefined ? undefined : Date.parse(from),
  to: to === undefined ? undefined : Date.parse(to),
});
