import type { BudgetBound, Millis } from '@hearth/core';
import type { BudgetLimits, BudgetRow, Budgets } from '@hearth/store';
import { isUnfinished, type StoredBudget, type Tables } from './tables.ts';

/** Of accounts: there are no tokens in memory. What is held and spent is added up from the rows whenever it is asked for. */
export const budgetsOf = (tables: Tables): Partial<Budgets> => ({
  async get(id, now) {
    const budget = tables.budgets.get(id);
    return budget === undefined ? null : asRow(tables, budget, now);
  },
  async set({ accountId, tokenId }, limits, now) {
    if (tokenId !== null || tables.accounts.get(accountId) === undefined) return null;
    const before = tables.budgets.get(accountId) ?? { ...UNLIMITED, accountId };
    return asRow(tables, tables.budgets.put({ ...before, ...limits }), now);
  },
  remove: async (id) => tables.budgets.remove(id),
  rates: async ({ accountId }) => ({
    account: tables.budgets.get(accountId)?.createsPerMinute ?? null,
    token: null,
  }),
  repair: async () => [],
});

const UNLIMITED: BudgetLimits = { dayMicros: null, monthMicros: null, maxInFlight: null, createsPerMinute: null };

function asRow(tables: Tables, budget: StoredBudget, now: Millis): BudgetRow {
  const { accountId } = budget;
  const username = tables.accounts.get(accountId)?.username ?? '';
  return { ...budget, id: accountId, username, token: null, ...standingOf(tables, budget, now) };
}

type Standing = Pick<BudgetRow, 'heldMicros' | 'inFlight' | 'daySpentMicros' | 'monthSpentMicros'>;

const NOTHING: Standing = { heldMicros: 0, inFlight: 0, daySpentMicros: 0, monthSpentMicros: 0 };

/** What is held and spent of a budget at an instant; nothing is counted where only a rate is limited. */
function standingOf({ predictions, usage }: Tables, budget: StoredBudget, at: Millis): Standing {
  const { accountId, dayMicros, monthMicros, maxInFlight } = budget;
  if (dayMicros === null && monthMicros === null && maxInFlight === null) return NOTHING;
  const unfinished = predictions.all().filter((row) => row.accountId === accountId && isUnfinished(row));
  const billed = usage.all().filter((bill) => bill.accountId === accountId);
  const spentIn = (period: (instant: Millis) => string): number =>
    billed.filter((bill) => period(bill.at) === period(at)).reduce((sum, { costMicros }) => sum + costMicros, 0);
  return {
    heldMicros: unfinished.reduce((sum, { holdMicros }) => sum + holdMicros, 0),
    inFlight: unfinished.length,
    daySpentMicros: spentIn(dayOf),
    monthSpentMicros: spentIn(monthOf),
  };
}

/** In UTC. */
const dayOf = (at: Millis): string => new Date(at).toISOString().slice(0, 10);
const monthOf = (at: Millis): string => dayOf(at).slice(0, 7);

/** Whether so much more, and so many more in flight, fit into an account's budget. */
export interface Verdict {
  /** What still fits, in millionths; below 0 where a limit was lowered under what is held and spent. */
  readonly roomMicros: number;
  /** A limit that would be exceeded; null: it fits. */
  readonly bound: BudgetBound | null;
}

export function verdictOf(
  tables: Tables,
  accountId: string,
  { micros, inFlight }: { readonly micros: number; readonly inFlight: number },
  at: Millis,
): Verdict {
  const budget = tables.budgets.get(accountId);
  if (budget === undefined) return { roomMicros: Infinity, bound: null };
  const standing = standingOf(tables, budget, at);
  const { heldMicros: held, daySpentMicros, monthSpentMicros } = standing;
  const whose = { account: tables.accounts.get(accountId)?.username ?? '', token: null };
  const money = [
    { what: 'day', limit: budget.dayMicros ?? Infinity, spent: daySpentMicros, held, needed: micros },
    { what: 'month', limit: budget.monthMicros ?? Infinity, spent: monthSpentMicros, held, needed: micros },
  ] as const;
  const count = {
    what: 'in_flight',
    limit: budget.maxInFlight ?? Infinity,
    spent: 0,
    held: standing.inFlight,
  } as const;
  const over = [...money, { ...count, needed: inFlight }].find(
    ({ limit, spent, held, needed }) => needed > 0 && spent + held + needed > limit,
  );
  return {
    roomMicros: Math.min(...money.map(({ limit, spent }) => limit - spent - held)),
    bound: over === undefined ? null : { ...whose, ...over },
  };
}
