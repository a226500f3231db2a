import { newId } from '@hearth/kit';
import { sql } from 'kysely';
import type { Connection } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import { prepared } from './prepared.ts';
import type { Accounts } from './store.ts';
import { TOKEN, tokensWithAccounts, withAccount } from './tokens.ts';
import { at, instant } from './values.ts';
import { createWebhookSecrets } from './webhook-secrets.ts';

const ACCOUNT = [
  'accounts.id',
  'accounts.type',
  'accounts.username',
  'accounts.name',
  'accounts.created_at as createdAt',
] as const;

const ofAccount = (condition: string) =>
  sql<number>`(select count(*) from predictions where predictions.account_id = accounts.id and ${sql.raw(condition)})`;
/** With what it asks for now. */
const OVERVIEW = [
  'accounts.weight',
  'accounts.max_in_flight as maxInFlight',
  ofAccount(`status = 'starting' and not held`).as('waiting'),
  ofAccount(`status = 'starting' and held`).as('held'),
  ofAccount(`status = 'processing' and not held`).as('inFlight'),
] as const;

export function createAccounts(connection: Connection, now: () => number): Accounts {
  const { db } = connection;
  const byUsername: Accounts['byUsername'] = async (username) =>
    (await db.selectFrom('accounts').select(ACCOUNT).where('username', '=', username).executeTakeFirst()) ?? null;
  const overview = () => db.selectFrom('accounts').select(ACCOUNT).select(OVERVIEW);
  const tokenWithAccount = prepared(connection, 'token', (hash: string) =>
    tokensWithAccounts(db).where('tokens.hash', '=', hash),
  );

  return {
    ...createWebhookSecrets(db, now),
    byUsername,
    overview: (page) => keysetPage(overview(), byId('accounts.id'), page),
    async overviewOf(username) {
      return (await overview().where('username', '=', username).executeTakeFirst()) ?? null;
    },
    async setShare(username, { weight, maxInFlight }) {
      const { numUpdatedRows } = await db
        .updateTable('accounts')
        .set({
          // Unchanged where nothing is said of it: an update sets something.
          weight: weight ?? sql`weight`,
          ...(maxInFlight !== undefined && { max_in_flight: maxInFlight }),
        })
        .where('username', '=', username)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    async ensure({ type, username, name }) {
      const createdAt = now();
      const made = await db
        .insertInto('accounts')
        .values({ id: newId(createdAt), type, username, name, created_at: at(createdAt) })
        .onConflict((conflict) => conflict.column('username').doNothing())
        .returning(ACCOUNT)
        .executeTakeFirst();
      const account = made ?? (await byUsername(username));
      if (!account) throw new Error(`account ${username} was removed while it was being made`);
      return account;
    },

    addToken({ accountId, name, role, hash, hint }) {
      const createdAt = now();
      return db
        .insertInto('tokens')
        .values({ id: newId(createdAt), account_id: accountId, name, role, hash, hint, created_at: at(createdAt) })
        .returning(TOKEN)
        .executeTakeFirstOrThrow();
    },

    tokens: (accountId) =>
      db.selectFrom('tokens').select(TOKEN).where('account_id', '=', accountId).orderBy('id', 'desc').execute(),

    async removeToken(id, within) {
      let removal = db.deleteFrom('tokens').where('id', '=', id);
      if (within) removal = removal.where('account_id', '=', within.accountId).where('role', '=', within.role);
      const { numDeletedRows } = await removal.executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async byTokenHash(hash) {
      const row = await tokenWithAccount(hash);
      return row && withAccount(row);
    },

    async noteUse(tokenId, usedAt) {
      await db
        .updateTable('tokens')
        .set({ last_used_at: at(usedAt) })
        .where('id', '=', tokenId)
        .where((token) => token.or([token('last_used_at', 'is', null), token('last_used_at', '<', instant(usedAt))]))
        .execute();
    },

    async hasAdminToken() {
      const row = await db.selectFrom('tokens').select('id').where('role', '=', 'admin').limit(1).executeTakeFirst();
      return row !== undefined;
    },
  };
}
