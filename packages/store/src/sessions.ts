import type { Connection } from './database.ts';
import { prepared } from './prepared.ts';
import type { Sessions } from './store.ts';
import { tokensWithAccounts, withAccount } from './tokens.ts';
import { at, instant } from './values.ts';

export function createSessions(connection: Connection, now: () => number): Sessions {
  const { db } = connection;
  const byHash = prepared(connection, 'session', (hash: string) =>
    tokensWithAccounts(db)
      .innerJoin('sessions', 'sessions.token_id', 'tokens.id')
      .select('sessions.expires_at as endsAt')
      .where('sessions.hash', '=', hash),
  );
  return {
    async add({ hash, tokenId, expiresAt }) {
      const createdAt = now();
      await db.deleteFrom('sessions').where('expires_at', '<=', instant(createdAt)).execute();
      await db
        .insertInto('sessions')
        .values({ hash, token_id: tokenId, created_at: at(createdAt), expires_at: at(expiresAt) })
        .execute();
    },
    async byHash(hash) {
      const row = await byHash(hash);
      if (row === null) return null;
      const { endsAt, ...found } = row;
      return { ...withAccount(found), expiresAt: endsAt };
    },
    async remove(hash) {
      const { numDeletedRows } = await db.deleteFrom('sessions').where('hash', '=', hash).executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}
