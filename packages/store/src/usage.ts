import type { UsageRecord } from '@hearth/core';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import type { Usage } from './store.ts';
import { instant } from './values.ts';

const RECORD = [
  'id',
  'prediction_id as predictionId',
  'attempt',
  'account_id as accountId',
  'model',
  'version_id as versionId',
  'deployment_id as deploymentId',
  'hardware_sku as hardwareSku',
  'predict_microseconds as predictMicroseconds',
  'price_micros_per_second as priceMicrosPerSecond',
  'cost_micros as costMicros',
  'status',
  'at',
] as const;

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
    list({ accountId, ...page }): Promise<UsageRecord[]> {
      let query = db.selectFrom('usage_records').select(RECORD);
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
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
          sql<number>`count(*)`.as('predictions'),
          // sum(bigint) is numeric, which pg reads as text.
          sql<number>`sum(usage_records.predict_microseconds)::bigint`.as('predictMicroseconds'),
          sql<number>`sum(usage_records.cost_micros)::bigint`.as('costMicros'),
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
