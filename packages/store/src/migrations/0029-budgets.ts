import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What accounts and tokens may spend and ask for, and what each prediction might still cost. */
export const budgets: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
-- What was set aside for it, in millionths; all of a budget's holds are those of its unfinished predictions.
alter table predictions add column hold_micros bigint not null default 0 check (hold_micros >= 0);

-- The api writes the limits; the counters move with predictions, in the statements that make and end them.
create table budgets (
  -- Of the token, or else of the account, that it limits.
  id text primary key,
  account_id text not null references accounts on delete cascade,
  token_id text references tokens on delete cascade,
  day_limit_micros bigint check (day_limit_micros >= 0),
  month_limit_micros bigint check (month_limit_micros >= 0),
  -- Of a token. An account's is in accounts: it holds predictions back, this refuses them.
  max_in_flight integer check (max_in_flight >= 1),
  creates_per_minute integer check (creates_per_minute >= 1),
  -- Only then is it read and locked when a prediction is made.
  counts boolean not null generated always as
    (day_limit_micros is not null or month_limit_micros is not null or max_in_flight is not null) stored,
  held_micros bigint not null default 0,
  in_flight integer not null default 0,
  -- The UTC day, and the first day of the month, that what was spent is of.
  day date not null,
  day_spent_micros bigint not null default 0,
  month date not null,
  month_spent_micros bigint not null default 0,
  check (id = coalesce(token_id, account_id)),
  check (token_id is not null or max_in_flight is null)
) with (fillfactor = 50);
create index budgets_of_account on budgets (account_id);
`;
