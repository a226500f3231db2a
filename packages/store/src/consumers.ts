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
      // The latest per instance: one statement may not touch a row twice.
      const latest = new Map<string, number>();
      for (const { instanceId, lastUsedAt } of rows)
        latest.set(instanceId, Math.max(lastUsedAt, latest.get(instanceId) ?? lastUsedAt));
      await db
        .insertInto('consumers')
        .values(
          [...latest].map(([instanceId, lastUsedAt]) => ({ instance_id: instanceId, last_used_at: at(lastUsedAt) })),
        )
        .onConflict((conflict) =>
          conflict.column('instance_id').doUpdateSet({
            last_used_at: sql`greatest(consumers.last_used_at, excluded.last_used_at)`,
          }),
        )
        .execute();
    },
  };
}
