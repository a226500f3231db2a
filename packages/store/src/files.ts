import type { Database } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import type { Files } from './store.ts';
import { at, atOrNull, foreignText, instant, json } from './values.ts';

const FILE = [
  'id',
  'account_id as accountId',
  'kind',
  'prediction_id as predictionId',
  'name',
  'content_type as contentType',
  'size_bytes as sizeBytes',
  'md5',
  'sha256',
  'metadata',
  'created_at as createdAt',
  'expires_at as expiresAt',
] as const;

export function createFiles(db: Database): Files {
  return {
    insert: (row) =>
      db
        .insertInto('files')
        .values({
          id: row.id,
          account_id: row.accountId,
          kind: row.kind,
          prediction_id: row.predictionId,
          name: foreignText(row.name),
          content_type: row.contentType,
          size_bytes: row.sizeBytes,
          md5: row.md5,
          sha256: row.sha256,
          metadata: json(row.metadata),
          created_at: at(row.createdAt),
          expires_at: atOrNull(row.expiresAt),
        })
        .returning(FILE)
        .executeTakeFirstOrThrow(),

    async get(id) {
      return (await db.selectFrom('files').select(FILE).where('id', '=', id).executeTakeFirst()) ?? null;
    },

    list({ accountId, now, ...page }) {
      const uploads = db
        .selectFrom('files')
        .select(FILE)
        .where('account_id', '=', accountId)
        .where('kind', '=', 'upload')
        .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', instant(now))]));
      return keysetPage(uploads, byId('id'), page);
    },

    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('files').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async claim(ids, prediction) {
      if (ids.length === 0) return;
      await db
        .updateTable('files')
        .set({ prediction_id: prediction.id, account_id: prediction.accountId })
        .where('id', 'in', ids)
        .where('kind', '=', 'output')
        .where('prediction_id', 'is', null)
        .execute();
    },
  };
}
