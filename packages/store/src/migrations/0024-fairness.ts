import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Shares of accounts, and each prediction's place in its queue (core's fair-queue.ts says what a turn is). */
export const fairness: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table accounts
  add column weight double precision not null default 1 check (weight between 0.1 and 100),
  -- Predictions of the account that may be queued or running at a time; null: any number.
  add column max_in_flight integer check (max_in_flight >= 1);

alter table predictions
  add column turn bigint not null default 0,
  -- What its ticket is queued with; lower first.
  add column priority integer not null default 0 check (priority between 0 and 2097151),
  -- Waits for others of its account to end before it gets a ticket.
  add column held boolean not null default false;
-- The next of a queue. A prediction that was given back goes before it.
create index predictions_queue on predictions (deployment_id, priority, id)
  where status = 'starting' and attempt = 0 and not held;
-- Where an account stands in a queue: finished ones count, so that whoever comes back at once has not lost his place.
create index predictions_turn on predictions (deployment_id, account_id, turn);
create index predictions_returned on predictions (deployment_id, id) where status = 'starting' and attempt > 0;
create index predictions_running on predictions (deployment_id) where status = 'processing';
create index predictions_held on predictions (account_id, id) where status = 'starting' and held;
create index predictions_released on predictions (account_id, id)
  where status in ('starting', 'processing') and not held;
`;
