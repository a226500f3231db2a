import type { Millis } from '@hearth/core';
import type { Context } from '../context.ts';

/** It adds up a month of records for every budget: often enough for what should never find anything. */
const CHECKED_EVERY_MS = 10 * 60_000;

/** Adds the counters of all budgets up again from the predictions and the ledger, and sets right what differs. */
export function createBudgetCheck({ store, log, now }: Pick<Context, 'store' | 'log' | 'now'>): () => Promise<void> {
  let checkedAt: Millis = Number.NEGATIVE_INFINITY;
  return async () => {
    if (now() - checkedAt < CHECKED_EVERY_MS) return;
    checkedAt = now();
    for (const drift of await store.budgets.repair(now()))
      log.error({ drift }, 'a budget was not what its predictions and the ledger add up to; set right');
  };
}
