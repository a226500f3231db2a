import type { Connection } from './database.ts';
import { createInsert } from './insert.ts';
import { asInserted, DeploymentGone } from './new-prediction.ts';
import { INSERT_KEYED, KEPT_UNDER_KEY } from './statements.ts';
import type { PredictionRow, Predictions } from './store.ts';
import { instant } from './values.ts';

/** Creates that a caller may repeat: the part of the port that knows idempotency keys. */
export type Keyed = Pick<Predictions, 'insertOnce' | 'forgetKeys'>;

export function createKeyed({ pool, db }: Connection): Keyed {
  const insert = createInsert(pool);
  return {
    async insertOnce(row, { key, requestHash }) {
      const made = await insert(INSERT_KEYED, row, [key, requestHash]);
      if (made.place !== null) return { row: asInserted(row, made.place), requestHash, made: true };
      // A statement of its own: the insert's snapshot is older than the row that it met.
      const kept = await pool.query<PredictionRow & { requestHash: string }>({
        ...KEPT_UNDER_KEY,
        values: [row.accountId, key],
      });
      const [first] = kept.rows;
      if (first === undefined) throw made.exceeded ?? new DeploymentGone(row.deploymentId);
      const { requestHash: hash, ...standing } = first;
      return { row: standing, requestHash: hash, made: false };
    },

    async forgetKeys(before, limit) {
      const { numUpdatedRows } = await db
        .updateTable('predictions')
        .set({ idempotency_key: null, request_hash: null })
        .where('id', 'in', (predictions) =>
          predictions
            .selectFrom('predictions')
            .select('id')
            .where('idempotency_key', 'is not', null)
            .where('created_at', '<', instant(before))
            .orderBy('created_at')
            .limit(limit),
        )
        .executeTakeFirst();
      return Number(numUpdatedRows);
    },
  };
}
