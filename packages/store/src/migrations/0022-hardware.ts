import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Hardware by type, label and share of a GPU, with fallbacks. An instance keeps what it was given, because a SKU may
 * change while it runs. What instances were seen to hold of a GPU belongs to the version and its mode, and outlives them.
 */
export const hardware: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table hardware
  add column gpu_share_mib integer not null default 0 check (gpu_share_mib >= 0),
  add column gpu_type text,
  add column labels jsonb not null default '{}',
  add column fallback text[] not null default '{}',
  add check (gpus = 0 or gpu_share_mib = 0);

alter table instances
  add column gpu_share_mib integer not null default 0 check (gpu_share_mib >= 0),
  add column cpus double precision not null default 0 check (cpus >= 0);

create table measured_vram (
  version_id text not null references versions,
  mode text not null check (mode in ('predict', 'train')),
  used_mib integer not null check (used_mib > 0),
  of_mib integer not null check (of_mib >= used_mib),
  primary key (version_id, mode)
);
`;
