import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The persons of an account, what a token may do, and the log of changes. */
export const members: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
create table members (
  id text primary key,
  account_id text not null references accounts on delete cascade,
  name text not null,
  role text not null check (role in ('owner', 'member')),
  created_at timestamptz(3) not null,
  unique (account_id, name),
  -- for the tokens, which name both
  unique (account_id, id)
);
-- Every account begins with one owner, under the account's own name.
insert into members (id, account_id, name, role, created_at)
  select id, id, username, 'owner', created_at from accounts;

alter table tokens
  add column member_id text,
  add column scope text not null default 'admin' check (scope in ('read', 'run', 'deploy', 'admin')),
  -- of the installation's operator: of all accounts
  add column operator boolean not null default false,
  -- null: until it is removed
  add column expires_at timestamptz(3);
-- What a token could do until now it can still do: members' tokens did everything within their account.
update tokens set member_id = account_id, operator = role = 'admin';
alter table tokens
  alter column member_id set not null,
  alter column scope drop default,
  drop column role,
  -- a member's tokens go with the member, and their sessions with them
  add foreign key (account_id, member_id) references members (account_id, id) on delete cascade;
create index tokens_of_member on tokens (member_id);

-- Who asked for a change, before it is made. Names, not references: an entry outlives what it is about.
create table audit_entries (
  id text primary key,
  at timestamptz(3) not null,
  operation text not null,
  account text not null,
  member text not null,
  token_id text not null,
  token_name text not null,
  operator boolean not null,
  source text not null check (source in ('api', 'web')),
  ip text not null,
  subject text
);
create index audit_entries_of_account on audit_entries (account, id desc);

-- What came of it, before it is answered. An entry without one: the api ended in between.
create table audit_outcomes (
  entry_id text primary key references audit_entries,
  at timestamptz(3) not null,
  status integer not null check (status between 100 and 599),
  -- of the refusal
  code text,
  subject text,
  -- whose thing was changed
  owner text,
  changes jsonb not null
);
create index audit_outcomes_of_owner on audit_outcomes (owner, entry_id desc);

create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'the audit log is append-only: % of % is refused', tg_op, tg_table_name;
end $$;
create trigger audit_entries_stay before update or delete or truncate on audit_entries
  for each statement execute function refuse_audit_change();
create trigger audit_outcomes_stay before update or delete or truncate on audit_outcomes
  for each statement execute function refuse_audit_change();
`;
