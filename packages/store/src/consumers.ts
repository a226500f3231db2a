import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { Consumers } from './store.ts';
import { at } from './values.ts';

export function createConsumers(db: Database): Consumers {
  /** Whatever comes first makes the row: a dispatcher may close an intake that an earlier one attached. */
  const put = async (
    instanceId: string,
    facts: { attached_at?: Date; intake_closed?: boolean; unhealthy?: string },
  ) => {
    await db
      .insertInto('consumers')
      .values({ instance_id: instanceId, ...facts })
      .onConflict((conflict) => conflict.column('instance_id').doUpdateSet(facts))
      .execute();
  };

  return {
    attached: (instanceId, attachedAt) => put(instanceId, { attached_at: at(attachedAt) }),
    intakeClosed: (instanceId) => put(instanceId, { intake_closed: true }),
    unhealthy: (instanceId, why) => put(instanceId, { unhealthy: why }),

    async used(rows) {
      if (rows.length === 0) return;
      // One row per instance: one statement may not touch a row twice.
      const last = new Map<string, (typeof rows)[number]>();
      for (const row of rows) {
        const before = last.get(row.instanceId)?.lastUsedAt ?? row.lastUsedAt;
        last.set(row.instanceId, { ...row, lastUsedAt: Math.max(row.lastUsedAt, before) });
      }
      await db
        .insertInto('consumers')
        .values(
          [...last.values()].map(({ instanceId, lastUsedAt, taken }) => ({
            instance_id: instanceId,
            last_used_at: at(lastUsedAt),
            taken,
          })),
        )
        .onConflict((conflict) =>
          conflict.column('instance_id').doUpdateSet({
            last_used_at: sql`greatest(consumers.last_used_at, excluded.last_used_at)`,
            taken: sql`excluded.taken`,
          }),
        )
        .execute();
    },

    async takenBy(instanceIds) {
      const rows = await db
        .selectFrom('consumers')
        .select('taken')
        .where('instance_id', '=', sql<string>`any(${instanceIds})`)
        .execute();
      return new Set(rows.flatMap(({ taken }) => taken));
    },
  };
}
