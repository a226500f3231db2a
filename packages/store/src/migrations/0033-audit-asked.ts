import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a change was asked to be, so that an entry says it whatever becomes of the API. */
export const auditAsked: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table audit_entries
  -- username of whose thing the request named
  add column owner text,
  -- fields by dotted path; as it came, and jsonb has no U+0000
  add column asked json;
`;
