import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What users are told at their webhooks: messages, every try at delivering them, and the secrets that sign them. */
export const webhooks: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table accounts
  add column webhook_secret text check (webhook_secret ~ '^whsec_[A-Za-z0-9+/]+=*$'),
  -- The one before it signs too, until then.
  add column previous_webhook_secret text,
  add column previous_webhook_secret_until timestamptz(3),
  add check ((previous_webhook_secret is null) = (previous_webhook_secret_until is null));

-- The message of an end is written by the statement that ends the prediction: neither is without the other.
create table messages (
  id text primary key check (id ~ '^msg_[0-9a-z]{26}$'),
  prediction_id text not null,
  account_id text not null,
  event text not null check (event in ('start', 'output', 'logs', 'completed')),
  url text not null,
  -- Host and port: tries at one of them wait for each other, and for nobody else.
  receiver text not null generated always as
    (coalesce(lower(substring(url from '^[^:]+://(?:[^/?#@]*@)?([^/?#]*)')), '')) stored,
  state text not null check (state in ('pending', 'delivered', 'failed')),
  -- Tries begun; fences what the end of a try writes.
  tries integer not null default 0 check (tries >= 0),
  first_tried_at timestamptz(3),
  next_try_at timestamptz(3),
  -- A dispatcher is trying it, unless it died: then this passes, and it is tried again.
  claimed_until timestamptz(3),
  created_at timestamptz(3) not null,
  check ((state = 'pending') = (next_try_at is not null)),
  check ((tries = 0) = (first_tried_at is null))
);
create index messages_pending on messages (receiver, next_try_at) where state = 'pending';
create index messages_of_prediction on messages (prediction_id, id desc);
create index messages_created on messages (created_at);
-- A prediction ends once.
create unique index messages_end on messages (prediction_id) where event = 'completed';

-- Without a duration: under way, or cut off by the death of its dispatcher.
create table message_tries (
  message_id text not null references messages on delete cascade,
  n integer not null check (n >= 1),
  at timestamptz(3) not null,
  status_code integer,
  error text,
  duration_ms integer,
  -- The beginning of what the receiver answered.
  answer text,
  primary key (message_id, n)
);
`;
