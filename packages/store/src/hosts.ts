import { sql } from 'kysely';
import { HARDWARE, HOST } from './columns.ts';
import type { Connection } from './database.ts';
import { priceHistory, pricesOf, setPrice } from './ledger/prices.ts';
import { LIVE } from './observe.ts';
import type { HostFindings, HostSettings, Hosts } from './store.ts';
import { at, atOrNull, json, jsonOrNull } from './values.ts';

export function createHosts({ db, pool }: Connection, now: () => number): Hosts {
  const standing = () => db.selectFrom('hosts').select(HOST).where('removed_at', 'is', null);
  const update = (id: string) => db.updateTable('hosts').where('id', '=', id).where('removed_at', 'is', null);

  return {
    async add(id, settings, addedAt) {
      const values = {
        ...settingsColumns(settings),
        ...findingsColumns(NOTHING_FOUND),
        name: settings.name,
        checks: json([]),
        checked_at: null,
        check_asked_at: at(addedAt),
        created_at: at(addedAt),
        removed_at: null,
      };
      const added = await db
        .insertInto('hosts')
        .values({ id, ...values })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(values).where('hosts.removed_at', 'is not', null))
        .returning(HOST)
        .executeTakeFirst();
      return added ?? 'taken';
    },

    async change(id, settings) {
      return (await update(id).set(settingsColumns(settings)).returning(HOST).executeTakeFirst()) ?? null;
    },

    async askCheck(id, askedAt) {
      const asked = update(id).set({ check_asked_at: at(askedAt) });
      return (await asked.returning(HOST).executeTakeFirst()) ?? null;
    },

    async remove(id, removedAt, force) {
      const removed = update(id)
        .set({ removed_at: at(removedAt) })
        .where((host) =>
          force
            ? sql.lit(true)
            : host.not(host.exists(host.selectFrom('instances').where('host_id', '=', id).where(LIVE).select('id'))),
        );
      return (await removed.executeTakeFirst()).numUpdatedRows > 0n;
    },

    async upsert({ id, name, ...findings }) {
      const facts = { name, ...findingsColumns(findings) };
      await db
        .insertInto('hosts')
        .values({ id, ...facts })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(facts))
        .execute();
    },

    async found(id, findings) {
      await update(id).set(findingsColumns(findings)).execute();
    },

    async checked(id, checks, checkedAt) {
      await update(id)
        .set({ checks: json(checks), checked_at: at(checkedAt) })
        .execute();
    },

    async get(id) {
      return (await standing().where('id', '=', id).executeTakeFirst()) ?? null;
    },

    list: () => standing().orderBy('id').execute(),

    hardware: () => db.selectFrom('hardware').select(HARDWARE).orderBy('sku').execute(),

    prices: () => pricesOf(pool),

    priceHistory: (sku) => priceHistory(db, sku),

    async putHardware(hardware, { at: setAt = now(), ...price } = {}) {
      const facts = {
        name: hardware.name,
        gpus: hardware.gpus,
        vram_mib: hardware.vramMiB,
        cpus: hardware.cpus,
        memory_mib: hardware.memoryMiB,
        gpu_share_mib: hardware.gpuShareMiB,
        gpu_type: hardware.gpuType,
        labels: json(hardware.labels),
        fallback: [...hardware.fallback],
      };
      await db.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('skus')
          .values({ sku: hardware.sku, ...facts })
          .onConflict((conflict) => conflict.column('sku').doUpdateSet(facts))
          .execute();
        await setPrice(transaction, hardware, { ...price, at: setAt });
      });
    },

    async removeHardware(sku) {
      const { rows } = await removalOf(sku).execute(db);
      return rows[0] ?? null;
    },
  };
}

/** What names a SKU keeps it; and so does what runs or waits on it, because its price is looked up at the end. */
const removalOf = (sku: string) => sql<{ removed: boolean; usedBy: string[] }>`
  with users as (
    select 'model ' || owner || '/' || name as who from models where hardware_sku = ${sku} and removed_at is null
    union select case when implicit then 'versions of ' || model else 'deployment ' || owner || '/' || name end
      from deployments where hardware_sku = ${sku} and removed_at is null
    union select 'the fallbacks of ' || sku from hardware where ${sku} = any (fallback)
    union select 'instances' from instances where hardware_sku = ${sku} and ${LIVE}
    union select 'predictions' from predictions where hardware_sku = ${sku} and status in ('starting', 'processing')
  ), removed as (
    delete from skus where sku = ${sku} and not exists (select from users) returning sku
  )
  select exists (select from removed) as removed, array(select who from users order by who limit 10) as "usedBy"
  from hardware where sku = ${sku}`;

/** Of a host that nobody has looked at. */
export const NOTHING_FOUND: HostFindings = {
  runtimes: [],
  memoryMiB: 0,
  devices: [],
  runtimeNotes: {},
  lastSeenAt: null,
  engineVersion: null,
  lostAt: null,
  lostWhy: null,
  callbackHost: null,
};

/** The api's columns. */
const settingsColumns = (settings: Partial<HostSettings>) => ({
  ...(settings.name !== undefined && { name: settings.name }),
  ...(settings.labels !== undefined && { labels: json(settings.labels) }),
  ...(settings.connection !== undefined && { connection: jsonOrNull(settings.connection) }),
  ...(settings.declared !== undefined && { declared: json(settings.declared) }),
  ...(settings.cordoned !== undefined && { cordoned: settings.cordoned }),
  ...(settings.draining !== undefined && { draining: settings.draining }),
});

/** The scheduler's columns. */
const findingsColumns = (found: Partial<HostFindings>) => ({
  ...(found.runtimes !== undefined && { runtimes: [...found.runtimes] }),
  ...(found.memoryMiB !== undefined && { memory_mib: found.memoryMiB }),
  ...(found.devices !== undefined && { devices: json(found.devices) }),
  ...(found.runtimeNotes !== undefined && { runtime_notes: json(found.runtimeNotes) }),
  ...(found.lastSeenAt !== undefined && { last_seen_at: atOrNull(found.lastSeenAt) }),
  ...(found.engineVersion !== undefined && { engine_version: found.engineVersion }),
  ...(found.lostAt !== undefined && { lost_at: atOrNull(found.lostAt) }),
  ...(found.lostWhy !== undefined && { lost_why: found.lostWhy }),
  ...(found.callbackHost !== undefined && { callback_host: found.callbackHost }),
});
