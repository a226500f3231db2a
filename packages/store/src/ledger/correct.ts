import type { LedgerRecord } from '@hearth/core';
import type { Pool } from 'pg';
import type { Ledger } from '../store.ts';
import { at } from '../values.ts';
import { RECORD_SQL } from './record.ts';

/** $1 prediction. */
const RUN = `select ${RECORD_SQL} from usage_records where prediction_id = $1 and kind = 'run'`;

/** $1 id. */
const STANDING = `select ${RECORD_SQL} from usage_records where id = $1`;

/** $1 prediction. */
const COUNT = "select count(*) as made from usage_records where prediction_id = $1 and kind = 'correction'";

/** $1 the run's record, $2 id, $3 cost, $4 reason, $5 username, $6 at. No row: the id is taken. */
const CORRECT = `insert into usage_records (id, kind, prediction_id, attempt, account_id, model, version_id, deployment_id,
    hardware_sku, predict_microseconds, price_micros_per_second, cost_micros, at, corrects, reason, made_by)
  select $2, 'correction', prediction_id, attempt, account_id, model, version_id, deployment_id,
    hardware_sku, 0, 0, $3::bigint, $6, id, $4, $5
  from usage_records as run where id = $1
  on conflict (id) do nothing
  returning ${RECORD_SQL}`;

export function createCorrect(pool: Pool): Ledger['correct'] {
  return async (predictionId, { costMicros, reason, madeBy, key, at: madeAt }) => {
    const { rows: runs } = await pool.query<LedgerRecord>(RUN, [predictionId]);
    const [run] = runs;
    if (run === undefined) return null;
    for (;;) {
      const id = `${predictionId}.${key ?? (await nextNumber(pool, predictionId))}`;
      const values = [run.id, id, costMicros, reason, madeBy, at(madeAt)];
      const { rows: made } = await pool.query<LedgerRecord>(CORRECT, values);
      if (made[0] !== undefined) return { record: made[0], made: true };
      // Another one took the number in this moment.
      if (key === undefined) continue;
      const { rows: standing } = await pool.query<LedgerRecord>(STANDING, [id]);
      if (standing[0] !== undefined) return { record: standing[0], made: false };
    }
  };
}

/** Those with a key count too: a number is only ever skipped. */
async function nextNumber(pool: Pool, predictionId: string): Promise<number> {
  const { rows } = await pool.query<{ made: number }>(COUNT, [predictionId]);
  return (rows[0]?.made ?? 0) + 1;
}
