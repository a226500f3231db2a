import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What the removal of data looks for: predictions whose time has come, and files past theirs. */
export const retention: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
drop index predictions_retention;
create index predictions_retention on predictions (completed_at)
  where completed_at is not null and data_removed_at is null and source = 'api' and kind = 'prediction';
create index files_expiring on files (expires_at) where expires_at is not null;
`;
