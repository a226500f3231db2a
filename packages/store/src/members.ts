import { newId } from '@hearth/kit';
import type { Database } from './database.ts';
import type { MemberRow, Members } from './store.ts';
import { at } from './values.ts';

const MEMBER = ['id', 'name', 'role', 'created_at as createdAt'] as const;

export function createMembers(db: Database, now: () => number): Members {
  const named = (accountId: string, name: string, from: Database = db) =>
    from.selectFrom('members').select(MEMBER).where('account_id', '=', accountId).where('name', '=', name);

  /** Does it, unless it would leave the account without an owner. Two that are asked at once wait for each other. */
  const keepingAnOwner = <Done>(
    accountId: string,
    name: string,
    change: (transaction: Database, member: MemberRow) => Promise<Done>,
    losesOwner: boolean,
  ): Promise<Done | 'last-owner' | null> =>
    db.transaction().execute(async (transaction) => {
      const owners = await transaction
        .selectFrom('members')
        .select('name')
        .where('account_id', '=', accountId)
        .where('role', '=', 'owner')
        .orderBy('id')
        .forUpdate()
        .execute();
      const member = await named(accountId, name, transaction).forUpdate().executeTakeFirst();
      if (member === undefined) return null;
      if (losesOwner && owners.every((owner) => owner.name === name)) return 'last-owner';
      return change(transaction, member);
    });

  return {
    members: (accountId) =>
      db.selectFrom('members').select(MEMBER).where('account_id', '=', accountId).orderBy('name').execute(),

    member: async (accountId, name) => (await named(accountId, name).executeTakeFirst()) ?? null,

    async addMember(accountId, { name, role }) {
      const createdAt = now();
      const made = await db
        .insertInto('members')
        .values({ id: newId(createdAt), account_id: accountId, name, role, created_at: at(createdAt) })
        .onConflict((conflict) => conflict.columns(['account_id', 'name']).doNothing())
        .returning(MEMBER)
        .executeTakeFirst();
      return made ?? 'taken';
    },

    setMemberRole: (accountId, name, role) =>
      keepingAnOwner(
        accountId,
        name,
        (transaction, { id }) =>
          transaction
            .updateTable('members')
            .set({ role })
            .where('id', '=', id)
            .returning(MEMBER)
            .executeTakeFirstOrThrow(),
        role !== 'owner',
      ),

    removeMember: (accountId, name) =>
      keepingAnOwner(
        accountId,
        name,
        async (transaction, { id }) => {
          await transaction.deleteFrom('members').where('id', '=', id).execute();
          return 'removed' as const;
        },
        true,
      ),
  };
}
