import { CompiledQuery, sql } from 'kysely';
import { DRIFTED, FULLEST, RECOUNT, SHOWN, SPEND } from './budget-sql.ts';
import type { Connection, Database } from './database.ts';
import type { BudgetDrift, BudgetLimits, BudgetRow, Budgets } from './store.ts';
import { at } from './values.ts';

interface Shown {
  readonly id: string;
  readonly account_id: string;
  readonly username: string;
  readonly token_id: string | null;
  readonly token_name: string | null;
  readonly token_hint: string | null;
  readonly day_limit_micros: number | null;
  readonly month_limit_micros: number | null;
  readonly max_in_flight: number | null;
  readonly creates_per_minute: number | null;
  readonly held_micros: number;
  readonly in_flight: number;
  readonly day_spent_micros: number;
  readonly month_spent_micros: number;
}

export function createBudgets({ db, pool }: Connection): Budgets {
  const shown = async (condition: string, values: readonly unknown[], now: number): Promise<BudgetRow[]> => {
    const { rows } = await pool.query<Shown>(
      `${SHOWN('$1')} where ${condition} order by accounts.username, budgets.token_id nulls first`,
      [at(now), ...values],
    );
    return rows.map(asRow);
  };
  const get: Budgets['get'] = async (id, now) => (await shown('budgets.id = $2', [id], now))[0] ?? null;

  return {
    get,
    list: ({ accountId }, now) =>
      shown('budgets.account_id = coalesce($2, budgets.account_id)', [accountId ?? null], now),

    async fullest(limit, now) {
      const { rows } = await pool.query<Shown>(FULLEST, [at(now), limit]);
      return rows.map(asRow);
    },

    async set({ accountId, tokenId }, limits, now) {
      const id = tokenId ?? accountId;
      const found = await db.transaction().execute(async (tx) => {
        if (!(await exists(tx, accountId, tokenId))) return false;
        const before = await tx
          .selectFrom('budgets')
          .select('counts')
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        // What is being made or ended right now does not know of this budget. All of it is waited for, and whoever comes
        // after it sees the budget, so that the count below misses nothing.
        if (before?.counts !== true) await sql`lock table predictions in share row exclusive mode`.execute(tx);
        const today = new Date(now).toISOString().slice(0, 10);
        await tx
          .insertInto('budgets')
          .values({ id, account_id: accountId, token_id: tokenId, day: today, month: today, ...columns(limits) })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ id, ...columns(limits) }))
          .execute();
        await recounted(tx, id, now);
        return true;
      });
      return found ? get(id, now) : null;
    },

    async remove(id) {
      const { numDeletedRows } = await db.deleteFrom('budgets').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async rates({ accountId, tokenId }) {
      const rows = await db
        .selectFrom('budgets')
        .select(['id', 'creates_per_minute as rate'])
        .where('id', 'in', [accountId, tokenId])
        .execute();
      const of = (id: string) => rows.find((row) => row.id === id)?.rate ?? null;
      return { account: of(accountId), token: of(tokenId) };
    },

    async repair(now) {
      const { rows } = await pool.query<BudgetDrift>(DRIFTED);
      for (const { id } of rows) await recountLocked(db, id, now);
      return rows;
    },
  };
}

/** Kept from being removed until the transaction ends. Taken before the lock of the table, as the dispatcher takes them. */
async function exists(tx: Database, accountId: string, tokenId: string | null): Promise<boolean> {
  const account = await tx
    .selectFrom('accounts')
    .select('id')
    .where('id', '=', accountId)
    .forKeyShare()
    .executeTakeFirst();
  if (tokenId === null || account === undefined) return account !== undefined;
  const token = await tx
    .selectFrom('tokens')
    .select('id')
    .where('id', '=', tokenId)
    .where('account_id', '=', accountId)
    .forKeyShare()
    .executeTakeFirst();
  return token !== undefined;
}

/** Within the transaction that adds a record which no prediction's end wrote: a correction is spent when it is made. */
export async function countSpent(
  tx: Database,
  record: { accountId: string; predictionId: string; costMicros: number; at: number },
): Promise<void> {
  const values = [record.accountId, record.predictionId, record.costMicros, at(record.at)];
  await tx.executeQuery(CompiledQuery.raw(SPEND, values));
}

/** Who holds its row keeps every statement that would change it waiting, with all that the statement changes beside it. */
const recountLocked = (db: Database, id: string, now: number): Promise<void> =>
  db.transaction().execute(async (tx) => {
    await tx.selectFrom('budgets').select('id').where('id', '=', id).forUpdate().execute();
    await recounted(tx, id, now);
  });

const recounted = async (tx: Database, id: string, now: number): Promise<void> => {
  await tx.executeQuery(CompiledQuery.raw(RECOUNT, [id, at(now)]));
};

const columns = ({ dayMicros, monthMicros, maxInFlight, createsPerMinute }: Partial<BudgetLimits>) => ({
  ...(dayMicros !== undefined && { day_limit_micros: dayMicros }),
  ...(monthMicros !== undefined && { month_limit_micros: monthMicros }),
  ...(maxInFlight !== undefined && { max_in_flight: maxInFlight }),
  ...(createsPerMinute !== undefined && { creates_per_minute: createsPerMinute }),
});

const asRow = (row: Shown): BudgetRow => ({
  id: row.id,
  accountId: row.account_id,
  username: row.username,
  token: row.token_id === null ? null : { id: row.token_id, name: row.token_name ?? '', hint: row.token_hint ?? '' },
  dayMicros: row.day_limit_micros,
  monthMicros: row.month_limit_micros,
  maxInFlight: row.max_in_flight,
  createsPerMinute: row.creates_per_minute,
  heldMicros: row.held_micros,
  inFlight: row.in_flight,
  daySpentMicros: row.day_spent_micros,
  monthSpentMicros: row.month_spent_micros,
});
