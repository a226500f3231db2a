import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What an operator asks for, when instances moved on, when they were busy, and which token made a prediction. */
export const history: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
-- State to epoch milliseconds of its beginning; booting begins with created_at. Written with the state.
alter table instances add column moves jsonb not null default '{}';
-- A state that has ended all others keeps its beginning in since.
create index instances_ended on instances (since) where state in ('stopped', 'failed');

-- Until when an operator wants one instance to be there, whatever the minimum.
alter table deployments add column warm_until timestamptz(3);
create index deployments_warm on deployments (warm_until) where warm_until is not null;

-- The api's: what an operator asked of a live instance. The scheduler does it.
create table instance_asks (
  instance_id text primary key references instances on delete cascade,
  ask text not null check (ask in ('drain', 'stop')),
  asked_by text not null,
  asked_at timestamptz(3) not null
);

-- The dispatcher's: when an instance held predictions, by UTC day. spans: [from, until] in epoch milliseconds, of which
-- those close to each other are one where there are many; busy_ms counts them as they were.
create table instance_busy (
  instance_id text not null references instances on delete cascade,
  day date not null,
  busy_ms bigint not null check (busy_ms between 0 and 86400000),
  spans jsonb not null,
  primary key (instance_id, day)
);
create index instance_busy_by_day on instance_busy (day);

-- Null: made before tokens were noted.
alter table predictions add column token_id text;
-- What ended when, for charts. An entry comes with the end: the insert of a prediction does not touch it.
create index predictions_ended on predictions (deployment_id, completed_at) where completed_at is not null;
`;
