import { byDay, type Millis, NEVER_BUSY, type Span, withSpans } from '@hearth/core';
import { sql } from 'kysely';
import type { Connection, Database } from './database.ts';
import { deploymentDays } from './deployment-days.ts';
import { metricsSteps } from './metrics-steps.ts';
import { LIVE } from './observe.ts';
import type { History } from './store.ts';
import { instant, json } from './values.ts';

/** A date column as the day that it is: pg would make it midnight of the machine's own zone. */
const DAY = sql<string>`to_char(instance_busy.day, 'YYYY-MM-DD')`;

/** A day as `2026-01-31`, in UTC. */
const dayOf = (at: Millis): string => new Date(at).toISOString().slice(0, 10);

export function createHistory({ db, pool }: Connection): History {
  return {
    async addBusy(told) {
      const days = [...Map.groupBy(told, ({ instanceId }) => instanceId)].flatMap(([instanceId, of]) =>
        [...byDay(of.map(({ span }) => span))].map(([at, spans]) => ({ instanceId, day: dayOf(at), spans })),
      );
      // One order for everybody: two that write the same rows wait for each other, and neither for the other way round.
      days.sort((a, b) => (`${a.instanceId} ${a.day}` < `${b.instanceId} ${b.day}` ? -1 : 1));
      if (days.length > 0)
        await db.transaction().execute(async (tx) => {
          for (const { instanceId, day, spans } of days) await addDay(tx, instanceId, day, spans);
        });
    },

    async removeBusyBefore(at, limit) {
      const { rowCount } = await pool.query(
        `delete from instance_busy where (instance_id, day) in (
           select instance_id, day from instance_busy where day < $1::date order by day limit $2)`,
        [dayOf(at), limit],
      );
      return rowCount ?? 0;
    },

    busyOn: (instanceId, day) => busyOf(db, instanceId, day),

    async lives({ from, until, deploymentId, limit }) {
      let query = db
        .selectFrom('instances')
        .select([
          'id',
          'deployment_id as deploymentId',
          'version_id as versionId',
          'hardware_sku as hardwareSku',
          'host_id as hostId',
          'device_ids as deviceIds',
          'gpu_share_mib as gpuShareMiB',
          'created_at as createdAt',
          'state',
          'since',
          'reason',
          'phases',
          'moves',
          sql<string | null>`failure ->> 'message'`.as('failure'),
        ])
        .where('created_at', '<', instant(until))
        .where((eb) => eb.or([eb.and([LIVE]), eb('since', '>=', instant(from))]))
        .orderBy('id', 'desc')
        .limit(limit);
      if (deploymentId !== undefined) query = query.where('deployment_id', '=', deploymentId);
      const rows = await query.execute();
      const busy = await busyBetween(db, { ids: rows.map(({ id }) => id), from, until });
      return rows.map((row) => ({ ...row, busy: busy.get(row.id) ?? [] }));
    },

    days: (query) => deploymentDays(pool, query),
    metrics: (query) => metricsSteps(pool, query),
  };
}

async function busyOf(db: Database, instanceId: string, day: string, lock = false) {
  const query = db
    .selectFrom('instance_busy')
    .select(['busy_ms as busyMs', 'spans'])
    .where('instance_id', '=', instanceId)
    .where('day', '=', day);
  return (await (lock ? query.forUpdate() : query).executeTakeFirst()) ?? null;
}

async function addDay(tx: Database, instanceId: string, day: string, spans: readonly Span[]): Promise<void> {
  const { busyMs, spans: all } = withSpans((await busyOf(tx, instanceId, day, true)) ?? NEVER_BUSY, spans);
  // Nothing is ever deleted but by age, and a row that came in between is of a dispatcher that no longer leads.
  await sql`
    insert into instance_busy (instance_id, day, busy_ms, spans)
    select id, ${day}::date, ${busyMs}, ${json(all)}::jsonb from instances where id = ${instanceId}
    on conflict (instance_id, day) do update set busy_ms = excluded.busy_ms, spans = excluded.spans`.execute(tx);
}

/** When each of some instances was busy in [from, until). */
async function busyBetween(
  db: Database,
  { ids, from, until }: { ids: readonly string[]; from: Millis; until: Millis },
): Promise<ReadonlyMap<string, readonly Span[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('instance_busy')
    .select(['instance_id as id', 'spans'])
    .where('instance_id', 'in', ids)
    .where(DAY, '>=', dayOf(from))
    .where(DAY, '<=', dayOf(until))
    .orderBy('day')
    .execute();
  return new Map(
    [...Map.groupBy(rows, ({ id }) => id)].map(([id, days]) => [
      id,
      days.flatMap(({ spans }) => spans.filter(([begin, end]) => end > from && begin < until)),
    ]),
  );
}
