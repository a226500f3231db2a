import { newId } from '@hearth/kit';
import { sql } from 'kysely';
import type { Connection } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import { createMembers } from './members.ts';
import type { AccountRow, Accounts, NewAccount } from './store.ts';
import { createTokens } from './tokens.ts';
import { at } from './values.ts';
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

  /** Undefined: the username is taken. */
  const insert = ({ type, username, name, owner = username }: NewAccount): Promise<AccountRow | undefined> =>
    db.transaction().execute(async (transaction) => {
      const createdAt = now();
      const account = await transaction
        .insertInto('accounts')
        .values({ id: newId(createdAt), type, username, name, created_at: at(createdAt) })
        .onConflict((conflict) => conflict.column('username').doNothing())
        .returning(ACCOUNT)
        .executeTakeFirst();
      if (account) await createMembers(transaction, now).addMember(account.id, { name: owner, role: 'owner' });
      return account;
    });

  return {
    ...createWebhookSecrets(db, now),
    ...createMembers(db, now),
    ...createTokens(connection, now),
    byUsername,
    async usernameOf(id) {
      const row = await db.selectFrom('accounts').select('username').where('id', '=', id).executeTakeFirst();
      return row?.username ?? null;
    },
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

    async ensure(account) {
      const standing = (await insert(account)) ?? (await byUsername(account.username));
      if (!standing) throw new Error(`account ${account.username} was removed while it was being made`);
      return standing;
    },
    insert: async (account) => (await insert(account)) ?? 'taken',
  };
}
