import { periodEnd } from '@hearth/contract';
import { boundInWords, type Millis } from '@hearth/core';
import type { BudgetExceeded } from '@hearth/store';
import { Problem } from '../problem.ts';

/** Others of the token may end at any moment: a client that waits this long asks neither too often nor too late. */
const IN_FLIGHT_RETRY_SECONDS = 5;

/** What a caller is told whose prediction does not fit into a budget. */
export function overBudget({ bound }: BudgetExceeded, now: Millis): Problem {
  const detail = boundInWords(bound, (period) => periodEnd(period, now));
  if (bound.what === 'in_flight')
    return new Problem('too-many-in-flight', detail, { retryAfterSeconds: IN_FLIGHT_RETRY_SECONDS });
  return new Problem('budget-exceeded', detail, {
    budget: {
      account: bound.account,
      token: bound.token,
      period: bound.what,
      limit_micros: bound.limit,
      spent_micros: bound.spent,
      held_micros: bound.held,
      needed_micros: bound.needed,
      ends_at: periodEnd(bound.what, now),
    },
  });
}
