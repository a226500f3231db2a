import { HARDWARE, HOST } from './columns.ts';
import type { Database } from './database.ts';
import type { Hosts } from './store.ts';
import { at, json } from './values.ts';

export function createHosts(db: Database): Hosts {
  return {
    async upsert(host) {
      const facts = {
        name: host.name,
        runtimes: [...host.runtimes],
        cordoned: host.cordoned,
        memory_mib: host.memoryMiB,
        devices: json(host.devices),
        runtime_notes: json(host.runtimeNotes),
        last_seen_at: at(host.lastSeenAt),
      };
      await db
        .insertInto('hosts')
        .values({ id: host.id, ...facts })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(facts))
        .execute();
    },

    list: () => db.selectFrom('hosts').select(HOST).orderBy('id').execute(),

    hardware: () => db.selectFrom('hardware').select(HARDWARE).orderBy('sku').execute(),

    async putHardware(hardware) {
      const facts = {
        name: hardware.name,
        gpus: hardware.gpus,
        vram_mib: hardware.vramMiB,
        cpus: hardware.cpus,
        memory_mib: hardware.memoryMiB,
        price_micros_per_second: hardware.priceMicrosPerSecond,
      };
      await db
        .insertInto('hardware')
        .values({ sku: hardware.sku, ...facts })
        .onConflict((conflict) => conflict.column('sku').doUpdateSet(facts))
        .execute();
    },
  };
}
