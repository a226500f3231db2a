import type { Connection } from './database.ts';
import type { SealedInputs } from './store.ts';
import { json, at as timestamp } from './values.ts';

/** $1 put before. */
const REMOVE_OVER = `delete from sealed_inputs
  where exists (select from predictions where id = prediction_id and completed_at is not null)
    or (created_at < $1 and not exists (select from predictions where id = prediction_id))`;

/** $1 prediction. */
const TAKE_BACK = `delete from sealed_inputs
  where prediction_id = $1 and not exists (select from predictions where id = $1)`;

export function createSealedInputs({ db, pool }: Connection): SealedInputs {
  return {
    async put(predictionId, sealed, at) {
      await db
        .insertInto('sealed_inputs')
        .values({ prediction_id: predictionId, sealed: json(sealed), created_at: timestamp(at) })
        .execute();
    },

    async takeBack(predictionId) {
      await pool.query(TAKE_BACK, [predictionId]);
    },

    async of(predictionIds) {
      if (predictionIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('sealed_inputs')
        .select(['prediction_id as predictionId', 'sealed'])
        .where('prediction_id', 'in', predictionIds)
        .execute();
      return new Map(rows.map(({ predictionId, sealed }) => [predictionId, sealed]));
    },

    async removeOver(neverCameBefore) {
      const { rowCount } = await pool.query(REMOVE_OVER, [timestamp(neverCameBefore)]);
      return rowCount ?? 0;
    },
  };
}
