import { sql } from 'kysely';
import type { Connection } from './database.ts';
import type { Retention } from './store.ts';
import { at as timestamp } from './values.ts';

/** The condition of the index predictions_retention. */
const DUE = "completed_at is not null and data_removed_at is null and source = 'api' and kind = 'prediction'";
const WEIGHTS = 'exists (select from versions where weights_file_id = files.id)';

/** $1 ended before, $2 now, $3 limit. Locked rows are another's: the next call meets them. */
const EMPTY = `with due as (
    select id from predictions
    where ${DUE} and completed_at < $1
      and not exists (select from model_examples where prediction_id = predictions.id)
    order by completed_at limit $3 for update skip locked
  ), emptied as (
    update predictions set input = '{}', output = null, logs = '', data_removed_at = $2
    from due where predictions.id = due.id
    returning predictions.id
  ), expired as (
    update files set expires_at = $2
    from emptied
    where files.prediction_id = emptied.id and (files.expires_at is null or files.expires_at > $2) and not ${WEIGHTS}
  )
  select id from emptied`;

/** $1 made before, $2 now. */
const EXPIRE_LEFTOVERS = `update files set expires_at = $2
  where kind = 'output' and expires_at is null and created_at < $1 and not ${WEIGHTS}
    and (prediction_id is null
      or exists (select from predictions where id = files.prediction_id and data_removed_at is not null))`;

export function createRetention({ db, pool }: Connection): Retention {
  return {
    async emptyPredictions(endedBefore, at, limit) {
      const { rowCount } = await pool.query(EMPTY, [timestamp(endedBefore), timestamp(at), limit]);
      return rowCount ?? 0;
    },

    async expireLeftovers(madeBefore, at) {
      const { rowCount } = await pool.query(EXPIRE_LEFTOVERS, [timestamp(madeBefore), timestamp(at)]);
      return rowCount ?? 0;
    },

    async expiredFiles(now, after, limit) {
      const rows = await db
        .selectFrom('files')
        .select('id')
        .where('expires_at', '<=', sql<number>`${timestamp(now)}::timestamptz`)
        .where('id', '>', after ?? '')
        .where((eb) =>
          eb.not(eb.exists(eb.selectFrom('versions').select('id').whereRef('weights_file_id', '=', 'files.id'))),
        )
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    async removeFiles(ids) {
      if (ids.length === 0) return;
      await db.deleteFrom('files').where('id', 'in', ids).where('expires_at', 'is not', null).execute();
    },

    async knownFiles(ids) {
      if (ids.length === 0) return [];
      const rows = await db.selectFrom('files').select('id').where('id', 'in', ids).execute();
      return rows.map(({ id }) => id);
    },
  };
}
