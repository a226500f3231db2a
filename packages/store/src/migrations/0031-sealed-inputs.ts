import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Secrets in inputs, sealed, apart from the predictions that everything else reads. */
export const sealedInputs: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
create table sealed_inputs (
  -- Written before its prediction, so that there is never a prediction whose secrets are still to come.
  prediction_id text primary key,
  -- Name of the input → what was sealed.
  sealed json not null,
  created_at timestamptz(3) not null
);
`;
