import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** How far a pull is, runs of a deployment by time (for its usual run time), and idempotency keys by age. */
export const waiting: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
-- {"bytes", "totalBytes"} of the newest pull of its boot; totalBytes null while not every layer has said its size.
alter table instances add column pull jsonb;
create index usage_of_deployment on usage_records (deployment_id, id desc);
create index predictions_idempotency_age on predictions (created_at) where idempotency_key is not null;
`;
