import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Keep-alive is a time, until the room is needed, or learned; and what was learned of how deployments are used. */
export const keepAlive: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table deployments add column keep_alive jsonb;
update deployments set keep_alive = jsonb_build_object('kind', 'fixed', 'ms', keep_alive_ms);
alter table deployments
  alter column keep_alive set not null,
  drop column keep_alive_ms,
  add check (keep_alive ->> 'kind' in ('until-needed', 'auto')
    or (keep_alive ->> 'kind' = 'fixed' and (keep_alive ->> 'ms')::bigint >= 0));
alter table releases add column keep_alive jsonb;
update releases set keep_alive = jsonb_build_object('kind', 'fixed', 'ms', keep_alive_ms);
alter table releases alter column keep_alive set not null, drop column keep_alive_ms;

create table use_histories (
  deployment_id text primary key references deployments on delete cascade,
  history jsonb not null,
  -- A use is expected, so that the scheduler looks at the deployment though nothing of it waits or runs.
  expects boolean not null
);
create index use_histories_expecting on use_histories (deployment_id) where expects;

-- One row: the gaps of all deployments together.
create table pooled_gaps (
  singleton boolean primary key default true check (singleton),
  counts jsonb not null
);
`;
