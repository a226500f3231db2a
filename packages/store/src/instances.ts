import { type BootPhase, type Millis, nextState } from '@hearth/core';
import { sql } from 'kysely';
import { INSTANCE } from './columns.ts';
import type { Connection } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import { createObserve, inFlight, LIVE } from './observe.ts';
import type { Instances } from './store.ts';
import { at, foreignJson, foreignText, json } from './values.ts';

export function createInstances(connection: Connection): Instances {
  const { db } = connection;
  return {
    insert: (row) =>
      db
        .insertInto('instances')
        .values({
          id: row.id,
          deployment_id: row.deploymentId,
          version_id: row.versionId,
          hardware_sku: row.hardwareSku,
          host_id: row.hostId,
          device_ids: [...row.deviceIds],
          runtime: row.runtime,
          gpu_share_mib: row.gpuShareMiB ?? 0,
          memory_mib: row.memoryMiB,
          cpus: row.cpus ?? 0,
          slots: row.slots,
          state: 'booting',
          since: at(row.at),
          reason: row.reason,
          callback_token_hash: row.callbackTokenHash,
          callback_host: row.callbackHost ?? null,
          phases: json({ place: row.at }),
          created_at: at(row.at),
        })
        .returning(INSTANCE)
        .executeTakeFirstOrThrow(),

    async move(id, from, event, { at: since, reason, address, failure }) {
      const state = nextState(from, event);
      const moved = db
        .updateTable('instances')
        .set({
          state,
          since: at(since),
          moves: sql<string>`moves || jsonb_build_object(${state}::text, ${since}::bigint)`,
          ...(reason !== undefined && { reason: foreignText(reason) }),
          ...(address !== undefined && { address }),
          ...(failure !== undefined && { failure: foreignJson(failure) }),
          ...(event === 'returned' && { failure: null }),
          // The last phase begins with the state of the same name.
          ...(event === 'booted' && { phases: stamped('ready', since) }),
        })
        .where('id', '=', id)
        .where('state', '=', from)
        .$if(event === 'booted', (update) => update.where(RELAXED))
        .$if(event === 'returned', (update) => update.where(MAY_TAKE_AGAIN))
        .returning(INSTANCE);
      return (await moved.executeTakeFirst()) ?? null;
    },

    async stampPhase(id, phase, stampedAt, address) {
      const { numUpdatedRows } = await db
        .updateTable('instances')
        .set({
          phases: stamped(phase, stampedAt),
          ...(address !== undefined && { address }),
        })
        .where('id', '=', id)
        .where('state', '=', 'booting')
        .where(RELAXED)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async pulled(id, progress) {
      await db
        .updateTable('instances')
        .set({ pull: json(progress) })
        .where('id', '=', id)
        .where('state', '=', 'booting')
        .execute();
    },

    async ask(id, ask, askedBy, askedAt) {
      const { rows } = await sql`
        insert into instance_asks (instance_id, ask, asked_by, asked_at)
        select id, ${ask}, ${askedBy}, ${at(askedAt)} from instances where id = ${id} and ${LIVE}
        on conflict (instance_id) do update
          set ask = excluded.ask, asked_by = excluded.asked_by, asked_at = excluded.asked_at
        returning instance_id`.execute(db);
      return rows.length > 0;
    },

    async recentBoots(deploymentId, limit) {
      const rows = await db
        .selectFrom('instances')
        .select('phases')
        .where('deployment_id', '=', deploymentId)
        .where(sql<boolean>`phases ? 'ready'`)
        .orderBy('id', 'desc')
        .limit(limit)
        .execute();
      return rows.map(({ phases }) => phases);
    },

    async sawVram(versionId, mode, { usedMiB, ofMiB }) {
      await db
        .insertInto('measured_vram')
        .values({ version_id: versionId, mode, used_mib: usedMiB, of_mib: ofMiB })
        .onConflict((conflict) =>
          conflict
            .columns(['version_id', 'mode'])
            .doUpdateSet({ used_mib: usedMiB, of_mib: ofMiB })
            .where('measured_vram.used_mib', '<', usedMiB),
        )
        .execute();
    },

    async get(id) {
      return (await db.selectFrom('instances').select(INSTANCE).where('id', '=', id).executeTakeFirst()) ?? null;
    },

    live(hostId) {
      const rows = db.selectFrom('instances').select(INSTANCE).where(LIVE).orderBy('id');
      return (hostId === undefined ? rows : rows.where('host_id', '=', hostId)).execute();
    },

    list({ deploymentId, live, ...page }) {
      let query = db
        .selectFrom('instances')
        .leftJoin('consumers', 'consumers.instance_id', 'instances.id')
        .select(INSTANCE)
        .select(['consumers.last_used_at as lastUsedAt', inFlight]);
      if (deploymentId !== undefined) query = query.where('instances.deployment_id', '=', deploymentId);
      if (live !== undefined) query = query.where((instance) => (live ? LIVE : instance.not(LIVE)));
      return keysetPage(query, byId('instances.id'), page);
    },

    observe: createObserve(connection),
  };
}

const MAY_TAKE_AGAIN = sql<boolean>`not exists (
  select from consumers where instance_id = instances.id and (intake_closed or unhealthy is not null)
)`;

/** Does not wait for the disk: a step of a boot that a crash undoes is taken again by the scheduler that resumes the boot. */
const RELAXED = sql<boolean>`set_config('synchronous_commit', 'off', true) = 'off'`;

const stamped = (phase: BootPhase, ms: Millis) =>
  sql<string>`phases || jsonb_build_object(${phase}::text, ${ms}::bigint)`;
