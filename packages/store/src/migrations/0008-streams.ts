import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Clients know by its address whether a stream brings files or text, so a prediction keeps which of the two it has. */
export const streams: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw('alter table predictions add column streams_files boolean not null default false').execute(db);
  },
};
