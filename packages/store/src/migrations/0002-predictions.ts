import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Trainings are predictions with a destination; data outlives its prediction's end by a while only; keys make a create repeatable. */
export const predictions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table predictions
  add column kind text not null default 'prediction' check (kind in ('prediction', 'training')),
  -- The model, as owner/name, that a training makes a version of.
  add column destination text,
  -- When input, output, logs and files were removed; the record stays.
  add column data_removed_at timestamptz(3),
  add column idempotency_key text,
  -- SHA-256 (hex) of the request that the key came with: the same key must not mean two things.
  add column request_hash text,
  add check ((kind = 'training') = (destination is not null)),
  add check ((idempotency_key is null) = (request_hash is null));
create unique index predictions_idempotency on predictions (account_id, idempotency_key)
  where idempotency_key is not null;
create index predictions_retention on predictions (completed_at)
  where completed_at is not null and data_removed_at is null and source = 'api';
create index trainings_of_account on predictions (account_id, id desc) where kind = 'training';
`;
