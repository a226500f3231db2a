import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which runs an instance's container is known to have taken, for the next dispatcher. */
export const takenRuns: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table consumers
  -- <prediction>-<attempt> each
  add column taken text[] not null default '{}';
`;
