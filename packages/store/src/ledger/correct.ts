import { countSpent } from '../budgets.ts';
import type { Database } from '../database.ts';
import type { Ledger } from '../store.ts';
import { at } from '../values.ts';
import { RECORD } from './record.ts';

export const createCorrect =
  (db: Database): Ledger['correct'] =>
  (predictionId, { costMicros, reason, madeBy, key, at: madeAt }) =>
    db.transaction().execute(async (transaction) => {
      const ofPrediction = transaction
        .selectFrom('usage_records')
        .select(RECORD)
        .where('prediction_id', '=', predictionId);
      // Corrections of one run take turns, so that each knows what the ones before it came to.
      const run = await ofPrediction.where('kind', '=', 'run').forUpdate().executeTakeFirst();
      if (run === undefined) return 'not-billed';
      const before = await ofPrediction.where('kind', '=', 'correction').execute();
      const id = `${predictionId}.${key ?? before.length + 1}`;
      const standing = before.find((one) => one.id === id);
      if (standing !== undefined) return { record: standing, made: false };
      const leftMicros = before.reduce((sum, one) => sum + one.costMicros, run.costMicros);
      if (leftMicros + costMicros < 0) return { leftMicros };
      const record = await transaction
        .insertInto('usage_records')
        .values({
          id,
          kind: 'correction',
          prediction_id: predictionId,
          attempt: run.attempt,
          account_id: run.accountId,
          model: run.model,
          version_id: run.versionId,
          deployment_id: run.deploymentId,
          hardware_sku: run.hardwareSku,
          predict_microseconds: 0,
          price_micros_per_second: 0,
          cost_micros: costMicros,
          status: null,
          at: at(madeAt),
          corrects: run.id,
          reason,
          made_by: madeBy,
        })
        .returning(RECORD)
        .executeTakeFirstOrThrow();
      await countSpent(transaction, record);
      return { record, made: true };
    });
