import { sql } from 'kysely';
import { PREDICTION_COLUMNS } from './columns.ts';
import type { Database } from './database.ts';
import { keysetPage } from './keyset.ts';
import type { Examples } from './store.ts';
import { at } from './values.ts';

export function createExamples(db: Database, now: () => number): Examples {
  const clearDefault = async (modelId: string, on: Database = db): Promise<void> => {
    const chosen = on.updateTable('model_examples').set({ is_default: false });
    await chosen.where('model_id', '=', modelId).where('is_default', '=', true).execute();
  };

  return {
    clearDefault: (modelId) => clearDefault(modelId),

    pin: (modelId, predictionId, { isDefault } = { isDefault: false }) =>
      db.transaction().execute(async (transaction) => {
        // Two that choose at once do it one after the other: there is one default.
        await transaction.selectFrom('models').select('id').where('id', '=', modelId).forUpdate().execute();
        if (isDefault) await clearDefault(modelId, transaction);
        await transaction
          .insertInto('model_examples')
          .values({ model_id: modelId, prediction_id: predictionId, is_default: isDefault, created_at: at(now()) })
          .onConflict((conflict) => {
            const pinned = conflict.columns(['model_id', 'prediction_id']);
            return isDefault ? pinned.doUpdateSet({ is_default: true }) : pinned.doNothing();
          })
          .execute();
      }),

    async unpin(modelId, predictionId) {
      const { numDeletedRows } = await db
        .deleteFrom('model_examples')
        .where('model_id', '=', modelId)
        .where('prediction_id', '=', predictionId)
        .executeTakeFirst();
      return numDeletedRows > 0n;
    },

    list: (modelId, page) =>
      keysetPage(
        db
          .selectFrom((pinned) =>
            pinned
              .selectFrom('model_examples')
              .select(['prediction_id', 'seq'])
              .where('model_id', '=', modelId)
              .as('pinned'),
          )
          .innerJoin('predictions', 'predictions.id', 'pinned.prediction_id')
          .select(PREDICTION_COLUMNS),
        {
          by: sql.ref('pinned.seq'),
          at: (id: string) =>
            sql`(select seq from model_examples where model_id = ${modelId} and prediction_id = ${id})`,
        },
        page,
      ),
  };
}
