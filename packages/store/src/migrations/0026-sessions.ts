import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Sign-ins of the web UI, and when a token was last used. */
export const sessions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
create table sessions (
  -- SHA-256 of what the cookie holds
  hash text primary key check (hash ~ '^[0-9a-f]{64}$'),
  -- a removed token ends its sessions
  token_id text not null references tokens on delete cascade,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3) not null
);
create index sessions_of_token on sessions (token_id);
create index sessions_over on sessions (expires_at);

alter table tokens add column last_used_at timestamptz(3);
`;
