import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Many hosts. What an operator says of one (the api's columns) and what the scheduler found share a row, and no
 * statement writes both. A removed host keeps its row, because the record of its instances names it.
 */
export const hosts: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table hosts
  alter column runtimes set default '{}',
  alter column cordoned set default false,
  alter column memory_mib set default 0,
  alter column devices set default '[]',
  alter column runtime_notes set default '{}',
  alter column last_seen_at drop not null,
  -- The api's, beside name and cordoned. connection: how its engine is reached, null for this machine.
  add column labels jsonb not null default '{}',
  add column connection jsonb,
  add column declared jsonb not null default '{"devices": null, "memoryMiB": null, "cpus": null}',
  add column draining boolean not null default false,
  add column check_asked_at timestamptz(3),
  add column created_at timestamptz(3) not null default now(),
  add column removed_at timestamptz(3),
  -- The scheduler's, beside runtimes, memory_mib, devices, runtime_notes and last_seen_at.
  add column engine_version text,
  add column lost_at timestamptz(3),
  add column lost_why text,
  add column callback_host text,
  add column checks jsonb not null default '[]',
  add column checked_at timestamptz(3),
  add check ((lost_at is null) = (lost_why is null));

-- Where its server reports to; null: the dispatcher's own choice for this machine.
alter table instances add column callback_host text;
create index instances_of_host on instances (host_id) where state not in ('stopped', 'failed');
`;
