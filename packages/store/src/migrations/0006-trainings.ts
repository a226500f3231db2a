import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** A version that can be trained has a second implicit deployment, which boots its server in train mode; a training makes a version with weights. */
export const trainings: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table deployments
  add column mode text not null default 'predict' check (mode in ('predict', 'train')),
  -- Users deploy what answers predictions; what trains is the platform's.
  add check (implicit or mode = 'predict');
drop index deployments_implicit;
create unique index deployments_implicit on deployments (version_id, mode) where implicit;

alter table versions
  -- The version that was trained; null: it was imported.
  add column base_version_id text references versions,
  -- The file that its server is told of at boot. Kept for as long as the version is.
  add column weights_file_id text references files,
  add check ((base_version_id is null) = (weights_file_id is null));
create index versions_weights on versions (weights_file_id) where weights_file_id is not null;
create index versions_base on versions (base_version_id) where base_version_id is not null;
`;
