import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What each release of a deployment was, and who made it: the history that a rollback takes from. */
export const releases: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
-- A username, like the owner. Of releases from before there was a record, the owner.
alter table deployments add column released_by text;
update deployments set released_by = owner;
alter table deployments alter column released_by set not null;

create table releases (
  deployment_id text not null references deployments on delete cascade,
  number integer not null check (number >= 1),
  -- No reference: a version may be deleted while a release that is over still names it.
  version_id text not null,
  hardware_sku text not null,
  min_instances integer not null check (min_instances >= 0),
  max_instances integer not null check (max_instances >= min_instances),
  keep_alive_ms bigint not null check (keep_alive_ms >= 0),
  -- The earlier release whose content a rollback took.
  restores integer check (restores < number),
  created_at timestamptz(3) not null,
  created_by text not null,
  primary key (deployment_id, number)
);
insert into releases
  select id, release, version_id, hardware_sku, min_instances, max_instances, keep_alive_ms, null, released_at, released_by
  from deployments where not implicit;
`;
