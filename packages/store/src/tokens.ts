import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';
import type { AccountRow, TokenRow } from './store.ts';

export const TOKEN = [
  'tokens.id',
  'tokens.account_id as accountId',
  'tokens.name',
  'tokens.role',
  'tokens.hint',
  'tokens.created_at as createdAt',
  'tokens.last_used_at as lastUsedAt',
] as const;

/** Tokens, each with its account, as {@link withAccount} takes them apart. */
export const tokensWithAccounts = (db: Kysely<Schema>) =>
  db
    .selectFrom('tokens')
    .innerJoin('accounts', 'accounts.id', 'tokens.account_id')
    .select(TOKEN)
    .select([
      'accounts.type',
      'accounts.username',
      'accounts.name as accountName',
      'accounts.created_at as accountCreatedAt',
    ]);

interface Joined extends TokenRow {
  readonly type: AccountRow['type'];
  readonly username: string;
  readonly accountName: string;
  readonly accountCreatedAt: number;
}

export function withAccount(row: Joined): { account: AccountRow; token: TokenRow } {
  const { type, username, accountName, accountCreatedAt, ...token } = row;
  return { account: { id: token.accountId, type, username, name: accountName, createdAt: accountCreatedAt }, token };
}
