import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import { RECORD } from './ledger/record.ts';
import type { Usage } from './store.ts';
import { instant } from './values.ts';

const DAY = sql<string>`to_char(usage_records.at at time zone 'UTC', 'YYYY-MM-DD')`;

/** What a row of the totals is known by, and what it is called where that is something else. */
const KEYS = {
  model: sql<string>`usage_records.model`,
  deployment: sql<string>`coalesce(deployments.owner || '/' || deployments.name, usage_records.deployment_id)`,
  account: sql<string>`coalesce(accounts.username, usage_records.account_id)`,
  token: sql<string>`coalesce(predictions.token_id, '')`,
  day: DAY,
};
const NAMES = {
  ...KEYS,
  token: sql<string>`case
    when min(predictions.token_id) is null then 'before tokens were noted'
    else coalesce(min(tokens.name || ' …' || tokens.hint), 'a removed token') end`,
};

export function createUsage(db: Database): Usage {
  return {
    list({ accountId, kind, from, to, ...page }) {
      let query = db.selectFrom('usage_records').select(RECORD);
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
      if (kind !== undefined) query = query.where('kind', '=', kind);
      if (from !== undefined) query = query.where('at', '>=', instant(from));
      if (to !== undefined) query = query.where('at', '<', instant(to));
      return keysetPage(query, byId('id'), page);
    },

    async recentRuns(deploymentId, limit) {
      const rows = await db
        .selectFrom('usage_records')
        .select('predict_microseconds as microseconds')
        .where('deployment_id', '=', deploymentId)
        .where('status', '=', 'succeeded')
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(({ microseconds }) => Math.round(microseconds / 1_000));
    },

    totals({ by, daily = false, accountId, from, to }) {
      const day: RawBuilder<string | null> = daily ? DAY : sql<null>`null`;
      let query = db
        .selectFrom('usage_records')
        .leftJoin('deployments', 'deployments.id', 'usage_records.deployment_id')
        .leftJoin('accounts', 'accounts.id', 'usage_records.account_id')
        .select([
          day.as('day'),
          KEYS[by].as('key'),
          NAMES[by].as('name'),
          sql<number>`count(*) filter (where usage_records.kind = 'run')`.as('predictions'),
          // sum(bigint) is numeric, which pg reads as text.
          sql<number>`sum(usage_records.predict_microseconds)::bigint`.as('predictMicroseconds'),
          sql<number>`sum(usage_records.cost_micros)::bigint`.as('costMicros'),
          sql<number>`coalesce(sum(usage_records.cost_micros) filter (where usage_records.kind = 'correction'), 0)::bigint`.as(
            'correctionMicros',
          ),
        ])
        .groupBy(sql`1, 2`)
        .orderBy(sql`1, 2`);
      // The record of a run is written by the dispatcher, which does not know who asked for it.
      if (by === 'token')
        query = query
          .leftJoin('predictions', 'predictions.id', 'usage_records.prediction_id')
          .leftJoin('tokens', 'tokens.id', 'predictions.token_id');
      if (accountId !== undefined) query = query.where('usage_records.account_id', '=', accountId);
      if (from !== undefined) query = query.where('usage_records.at', '>=', instant(from));
      if (to !== undefined) query = query.where('usage_records.at', '<', instant(to));
      return query.execute();
    },
  };
}
