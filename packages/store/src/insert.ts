import type { BudgetBound } from '@hearth/core';
import type { Pool } from 'pg';
import { BudgetExceeded, insertValues, type Place } from './new-prediction.ts';
import type { Insert } from './statements.ts';
import type { NewPrediction } from './store.ts';

interface Budgeted {
  /** Both null: nothing was stored. */
  readonly priority: number | null;
  readonly held: boolean | null;
  /** Limits that it would have exceeded. */
  readonly over: readonly [BudgetBound, ...BudgetBound[]] | null;
  readonly limited: boolean;
}

/** What became of an insert: its place; or why there is no row, null where that is not for a budget. */
export type Outcome = { readonly place: Place } | { readonly place: null; readonly exceeded: BudgetExceeded | null };

/** Runs an insert with the first parameters of every one and what this one takes besides. */
export type RunInsert = (insert: Insert, row: NewPrediction, more?: readonly unknown[]) => Promise<Outcome>;

/**
 * Which accounts and tokens have a budget is known to the inserts alone, so that none is ever passed over; here it is only
 * remembered, so that one round trip is enough for either kind.
 */
export function createInsert(pool: Pick<Pool, 'query'>): RunInsert {
  const limited = new Set<string>();
  return async ({ free, budgeted }, row, more = []) => {
    const values = [...insertValues(row), ...more];
    const subject = `${row.accountId} ${row.tokenId ?? ''}`;
    if (!limited.has(subject)) {
      const { rows } = await pool.query<Place>({ ...free, values });
      if (rows[0] !== undefined) return { place: rows[0] };
    }
    const { rows } = await pool.query<Budgeted>({ ...budgeted, values });
    const [made] = rows;
    if (made?.limited === true) limited.add(subject);
    else limited.delete(subject);
    if (made?.over) return { place: null, exceeded: new BudgetExceeded(made.over[0]) };
    if (typeof made?.priority !== 'number' || made.held === null) return { place: null, exceeded: null };
    return { place: { priority: made.priority, held: made.held } };
  };
}
