import type { Millis } from '@hearth/core';

// The api writes limits. What is held and spent moves with predictions, in the statements that make and end them.

/** What an account, or one of its tokens, may spend and ask for; null: no limit. Money in millionths of the currency. */
export interface BudgetLimits {
  /** In a UTC day. */
  readonly dayMicros: number | null;
  /** In a UTC month. */
  readonly monthMicros: number | null;
  /** Unfinished predictions and trainings of a token: one more is refused. Null for accounts, whose limit holds back instead. */
  readonly maxInFlight: number | null;
  readonly createsPerMinute: number | null;
}

export interface BudgetRow extends BudgetLimits {
  /** Of the token, or else of the account. */
  readonly id: string;
  readonly accountId: string;
  readonly username: string;
  /** Null: the account's own. */
  readonly token: { readonly id: string; readonly name: string; readonly hint: string } | null;
  /** Set aside for what has not ended. Like `inFlight` and what is spent, 0 where nothing but a rate is limited. */
  readonly heldMicros: number;
  readonly inFlight: number;
  /** In the current UTC day. */
  readonly daySpentMicros: number;
  readonly monthSpentMicros: number;
}

/** Counters that were not what the predictions and the ledger add up to. */
export interface BudgetDrift {
  readonly id: string;
  readonly accountId: string;
  readonly tokenId: string | null;
  readonly heldMicros: number;
  readonly countedHeldMicros: number;
  readonly inFlight: number;
  readonly countedInFlight: number;
  readonly daySpentMicros: number;
  readonly countedDaySpentMicros: number;
  readonly monthSpentMicros: number;
  readonly countedMonthSpentMicros: number;
}

export interface Budgets {
  /** As they stand at `now`; left out: of all accounts. By account, its own before its tokens'. */
  list(of: { accountId?: string }, now: Millis): Promise<BudgetRow[]>;
  /** Of those that limit spending, the ones with the least left of their limit, in that order. */
  fullest(limit: number, now: Millis): Promise<BudgetRow[]>;
  /** By the id of a token or an account. */
  get(id: string, now: Millis): Promise<BudgetRow | null>;
  /**
   * api: sets or changes limits; what is left out stays. What the account or the token has spent in the day and the month,
   * and what of its predictions has not ended, counts from then on. Null: there is no such account or token.
   */
  set(
    of: { accountId: string; tokenId: string | null },
    limits: Partial<BudgetLimits>,
    now: Millis,
  ): Promise<BudgetRow | null>;
  /** api: by the id of a token or an account; false: there was none. */
  remove(id: string): Promise<boolean>;
  /** How many creations a minute an account and a token may make; null: nothing is said of it. */
  rates(of: { accountId: string; tokenId: string }): Promise<{ account: number | null; token: number | null }>;
  /** dispatcher's sweep: re-adds every counter from the predictions and the ledger, and sets right what differs. */
  repair(now: Millis): Promise<BudgetDrift[]>;
}
