import { NO_USE } from '@hearth/core';
import { sql } from 'kysely';
import type { Connection } from './database.ts';
import type { Uses } from './store.ts';
import { json } from './values.ts';

export function createUses({ db }: Connection): Uses {
  return {
    async load() {
      const standing = sql<boolean>`exists (
        select from deployments where deployments.id = use_histories.deployment_id and removed_at is null
      )`;
      await db.deleteFrom('use_histories').where(sql<boolean>`not ${standing}`).execute();
      const rows = await db
        .selectFrom('use_histories')
        .select(['deployment_id as deploymentId', 'history', 'expects'])
        .execute();
      const pooled = await db.selectFrom('pooled_gaps').select('counts').executeTakeFirst();
      return {
        // What is remembered of a deployment has grown over time; what an earlier scheduler did not know yet is unlearned.
        rows: rows.map((row) => ({ ...row, history: { ...NO_USE, ...row.history } })),
        pooled: pooled === undefined || Array.isArray(pooled.counts) ? null : pooled.counts,
      };
    },

    async save(rows, pooled) {
      const given = json(
        rows.map((row) => ({ deployment_id: row.deploymentId, history: row.history, expects: row.expects })),
      );
      await db.transaction().execute(async (transaction) => {
        if (rows.length > 0) {
          await sql`
            insert into use_histories (deployment_id, history, expects)
            select deployment_id, history, expects
            from jsonb_to_recordset(${given}::jsonb) as given (deployment_id text, history jsonb, expects boolean)
            where exists (select from deployments where deployments.id = given.deployment_id)
            on conflict (deployment_id) do update set history = excluded.history, expects = excluded.expects
          `.execute(transaction);
        }
        await transaction
          .insertInto('pooled_gaps')
          .values({ counts: json(pooled) })
          .onConflict((conflict) => conflict.column('singleton').doUpdateSet({ counts: json(pooled) }))
          .execute();
      });
    },
  };
}
