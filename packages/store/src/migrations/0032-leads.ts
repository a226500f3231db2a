import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Who leads a room, and that it is alive. */
export const leads: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
-- A lock says who leads; this says whether that one is still there. Beats are counted, so that no clock has a say.
create table leads (
  room text primary key check (room in ('scheduler', 'dispatcher')),
  -- raised by each that takes the lock
  term bigint not null,
  -- of the backend that holds the lock
  pid int not null,
  beats bigint not null
);
`;
