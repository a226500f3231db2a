import { newId } from '@hearth/kit';
import type { Kysely } from 'kysely';
import type { Connection } from './database.ts';
import { prepared } from './prepared.ts';
import type { Schema } from './schema.ts';
import type { AccountRow, TokenRow, Tokens } from './store.ts';
import { at, atOrNull, instant } from './values.ts';

/** The member was removed, and may have no token. */
export class MemberGone extends Error {
  override readonly name = 'MemberGone';
  constructor(member: string) {
    super(`there is no member ${member}`);
  }
}

/** Tokens, each with its member and account, as {@link withAccount} takes them apart. */
export const tokensWithAccounts = (db: Kysely<Schema>) =>
  db
    .selectFrom('tokens')
    .innerJoin('accounts', 'accounts.id', 'tokens.account_id')
    .innerJoin('members', 'members.id', 'tokens.member_id')
    .select([
      'tokens.id',
      'tokens.account_id as accountId',
      'members.name as member',
      'members.role as memberRole',
      'tokens.name',
      'tokens.scope',
      'tokens.operator',
      'tokens.hint',
      'tokens.created_at as createdAt',
      'tokens.expires_at as expiresAt',
      'tokens.last_used_at as lastUsedAt',
      'accounts.type',
      'accounts.username',
      'accounts.name as accountName',
      'accounts.created_at as accountCreatedAt',
    ]);

interface Joined extends TokenRow {
  readonly type: AccountRow['type'];
  readonly accountName: string;
  readonly accountCreatedAt: number;
}

export function withAccount(row: Joined): { account: AccountRow; token: TokenRow } {
  const { type, accountName, accountCreatedAt, ...token } = row;
  const { accountId: id, username } = token;
  return { account: { id, type, username, name: accountName, createdAt: accountCreatedAt }, token };
}

export function createTokens(connection: Connection, now: () => number): Tokens {
  const { db } = connection;
  const byHash = prepared(connection, 'token', (hash: string) =>
    tokensWithAccounts(db).where('tokens.hash', '=', hash),
  );
  const token: Tokens['token'] = async (id) => {
    const row = await tokensWithAccounts(db).where('tokens.id', '=', id).executeTakeFirst();
    return row ? withAccount(row).token : null;
  };

  return {
    token,

    async addToken({ accountId, memberId, name, scope, operator = false, hash, hint, expiresAt }) {
      const createdAt = now();
      const id = newId(createdAt);
      const made = await db
        .insertInto('tokens')
        .columns([
          'id',
          'account_id',
          'member_id',
          'name',
          'scope',
          'operator',
          'hash',
          'hint',
          'created_at',
          'expires_at',
        ])
        .expression(
          db
            .selectFrom('members')
            .where('account_id', '=', accountId)
            .where((member) => (memberId === undefined ? member('role', '=', 'owner') : member('id', '=', memberId)))
            .orderBy('created_at')
            .orderBy('id')
            .limit(1)
            .select((row) => [
              row.val(id).as('id'),
              'account_id',
              'id as member_id',
              row.val(name).as('name'),
              row.val(scope).as('scope'),
              row.cast<boolean>(row.val(operator), 'boolean').as('operator'),
              row.val(hash).as('hash'),
              row.val(hint).as('hint'),
              row.cast<Date>(row.val(at(createdAt)), 'timestamptz').as('created_at'),
              row.cast<Date | null>(row.val(atOrNull(expiresAt)), 'timestamptz').as('expires_at'),
            ]),
        )
        .executeTakeFirst();
      const row = made.numInsertedOrUpdatedRows === 1n ? await token(id) : null;
      if (row === null) throw new MemberGone(memberId ?? `an owner of ${accountId}`);
      return row;
    },

    tokens: async (accountId) =>
      (
        await tokensWithAccounts(db).where('tokens.account_id', '=', accountId).orderBy('tokens.id', 'desc').execute()
      ).map((row) => withAccount(row).token),

    async removeToken(id) {
      const { numDeletedRows } = await db.deleteFrom('tokens').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async byTokenHash(hash) {
      const row = await byHash(hash);
      return row && withAccount(row);
    },

    async noteUse(tokenId, usedAt) {
      await db
        .updateTable('tokens')
        .set({ last_used_at: at(usedAt) })
        .where('id', '=', tokenId)
        .where((one) => one.or([one('last_used_at', 'is', null), one('last_used_at', '<', instant(usedAt))]))
        .execute();
    },

    async hasOperatorToken() {
      const row = await db
        .selectFrom('tokens')
        .innerJoin('members', 'members.id', 'tokens.member_id')
        .select('tokens.id')
        .where('operator', '=', true)
        .where('scope', '=', 'admin')
        .where('members.role', '=', 'owner')
        .where((one) => one.or([one('expires_at', 'is', null), one('expires_at', '>', instant(now()))]))
        .limit(1)
        .executeTakeFirst();
      return row !== undefined;
    },
  };
}
