import { newId } from '@hearth/kit';
import type { Database } from './database.ts';
import type { Imports } from './store.ts';
import { at, foreignText, json } from './values.ts';

const IMPORT = ['id', 'model_id as modelId', 'source', 'state', 'result', 'error', 'created_at as createdAt'] as const;

export function createImports(db: Database, now: () => number): Imports {
  return {
    request({ modelId, source }) {
      const createdAt = now();
      return db
        .insertInto('imports')
        .values({
          id: newId(createdAt),
          model_id: modelId,
          source: json(source),
          state: 'requested',
          created_at: at(createdAt),
        })
        .returning(IMPORT)
        .executeTakeFirstOrThrow();
    },

    async get(id) {
      return (await db.selectFrom('imports').select(IMPORT).where('id', '=', id).executeTakeFirst()) ?? null;
    },

    pending: () => db.selectFrom('imports').select(IMPORT).where('state', '=', 'requested').orderBy('id').execute(),

    async answer(id, answer) {
      const { numUpdatedRows } = await db
        .updateTable('imports')
        .set(
          'result' in answer
            ? { state: 'done', result: json(answer.result) }
            : { state: 'failed', error: foreignText(answer.error) },
        )
        .where('id', '=', id)
        .where('state', '=', 'requested')
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
  };
}
