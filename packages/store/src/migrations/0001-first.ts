import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/**
 * Instants are `timestamptz(3)`: they keep epoch milliseconds exactly and read well in psql. What models and callers wrote
 * is `json`, not `jsonb`: it comes back with its key order, and `jsonb` refuses the `\u0000` that a model may well print.
 * What the platform wrote is `jsonb`.
 *
 * Predictions carry no foreign keys: a row lock on the deployment and the account for every insert would make all inserts
 * of one deployment write the same tuples. The insert looks for a deployment that stands instead.
 */
export const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    // One string and no parameters: Postgres runs the statements as one batch.
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
create table accounts (
  id text primary key,
  type text not null check (type in ('user', 'organization')),
  username text not null unique,
  name text not null,
  created_at timestamptz(3) not null
);

create table tokens (
  id text primary key,
  account_id text not null references accounts on delete cascade,
  name text not null,
  role text not null check (role in ('admin', 'member')),
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$'),
  hint text not null check (length(hint) <= 4),
  created_at timestamptz(3) not null
);
create index tokens_of_account on tokens (account_id, id desc);

create table models (
  id text primary key,
  owner text not null,
  name text not null,
  description text,
  visibility text not null check (visibility in ('public', 'private')),
  hardware_sku text not null,
  github_url text,
  paper_url text,
  license_url text,
  cover_image_url text,
  created_at timestamptz(3) not null,
  unique (owner, name)
);

create table versions (
  id text primary key check (id ~ '^[0-9a-f]{64}$'),
  -- Digests do not sort by time: this does.
  seq bigint generated always as identity,
  model_id text not null references models,
  source json not null,
  runtime text not null check (runtime in ('docker', 'process')),
  openapi_schema json not null,
  cog_version text not null,
  slots integer not null check (slots >= 1),
  created_at timestamptz(3) not null
);
create index versions_of_model on versions (model_id, seq desc);

create table imports (
  id text primary key,
  model_id text not null references models,
  source json not null,
  state text not null check (state in ('requested', 'done', 'failed')),
  result json,
  error text,
  created_at timestamptz(3) not null,
  check ((state = 'done') = (result is not null)),
  check ((state = 'failed') = (error is not null))
);
create index imports_requested on imports (id) where state = 'requested';

create table hardware (
  sku text primary key,
  name text not null,
  gpus integer not null check (gpus >= 0),
  vram_mib integer not null check (vram_mib >= 0),
  cpus double precision not null check (cpus >= 0),
  memory_mib integer not null check (memory_mib >= 0),
  price_micros_per_second bigint not null check (price_micros_per_second >= 0)
);

create table deployments (
  id text primary key,
  owner text not null,
  name text not null,
  implicit boolean not null,
  model_id text not null references models,
  model text not null,
  version_id text not null references versions,
  hardware_sku text not null,
  min_instances integer not null check (min_instances >= 0),
  max_instances integer not null check (max_instances >= min_instances),
  keep_alive_ms bigint not null check (keep_alive_ms >= 0),
  release integer not null check (release >= 1),
  released_at timestamptz(3) not null,
  created_at timestamptz(3) not null,
  -- Removed ones stay, for the predictions that name them.
  removed_at timestamptz(3)
);
create unique index deployments_name on deployments (owner, name) where not implicit and removed_at is null;
create unique index deployments_implicit on deployments (version_id) where implicit;
create index deployments_model on deployments (model_id, id desc);
create index deployments_minimum on deployments (id) where min_instances > 0 and removed_at is null;

create table deployment_status (
  deployment_id text primary key references deployments on delete cascade,
  blocked_reason text,
  blocked_detail text,
  failure json,
  consecutive_failures integer not null check (consecutive_failures >= 0),
  retry_at timestamptz(3),
  fail_waiting_until timestamptz(3),
  check ((blocked_reason is null) = (blocked_detail is null))
);

create table hosts (
  id text primary key,
  name text not null,
  runtimes text[] not null check (runtimes <@ array['docker', 'process']),
  cordoned boolean not null,
  memory_mib integer not null check (memory_mib >= 0),
  devices jsonb not null,
  runtime_notes jsonb not null,
  last_seen_at timestamptz(3) not null
);

create table instances (
  id text primary key,
  deployment_id text not null references deployments,
  version_id text not null references versions,
  hardware_sku text not null,
  host_id text not null,
  device_ids text[] not null,
  runtime text not null check (runtime in ('docker', 'process')),
  memory_mib integer not null check (memory_mib >= 0),
  slots integer not null check (slots >= 1),
  state text not null check (state in ('booting', 'ready', 'draining', 'stopping', 'stopped', 'failed')),
  since timestamptz(3) not null,
  reason text not null,
  address text,
  callback_token_hash text not null check (callback_token_hash ~ '^[0-9a-f]{64}$'),
  -- Phase to epoch milliseconds.
  phases jsonb not null default '{}',
  failure json,
  created_at timestamptz(3) not null
);
create index instances_live on instances (deployment_id) where state not in ('stopped', 'failed');
create index instances_of_deployment on instances (deployment_id, id desc);

create table consumers (
  instance_id text primary key references instances on delete cascade,
  attached_at timestamptz(3),
  last_used_at timestamptz(3),
  intake_closed boolean not null default false,
  unhealthy text
);

create table predictions (
  id text primary key check (id ~ '^[0-9a-z]{26}$'),
  account_id text not null,
  model text not null,
  version_id text not null,
  deployment_id text not null,
  deployment text,
  hardware_sku text not null,
  status text not null default 'starting'
    check (status in ('starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted')),
  attempt integer not null default 0 check (attempt >= 0),
  lost_attempts integer not null default 0 check (lost_attempts >= 0 and lost_attempts <= attempt),
  instance_id text,
  input json not null,
  output json,
  error text,
  logs text not null default '',
  metrics json,
  source text not null check (source in ('api', 'web')),
  webhook text,
  webhook_events_filter text[],
  created_at timestamptz(3) not null,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  deadline_at timestamptz(3),
  cancel_requested_at timestamptz(3),
  check ((completed_at is null) = (status in ('starting', 'processing'))),
  check (status <> 'processing' or (instance_id is not null and attempt >= 1))
)
-- Partial output is written often and touches no index: room on the page keeps those updates in it.
with (fillfactor = 80);
create index predictions_of_account on predictions (account_id, id desc);
create index predictions_of_model on predictions (model, id desc);
create index predictions_unfinished on predictions (deployment_id, created_at)
  where status in ('starting', 'processing');
create index predictions_waiting on predictions (id) where status = 'starting';
create index predictions_processing on predictions (instance_id) where status = 'processing';
create index predictions_deadline on predictions (deadline_at)
  where status in ('starting', 'processing') and deadline_at is not null;
create index predictions_cancel on predictions (cancel_requested_at)
  where status in ('starting', 'processing') and cancel_requested_at is not null;

-- Append-only. Its id is its idempotency key, and a prediction is billed once.
create table usage_records (
  id text primary key,
  prediction_id text not null unique,
  attempt integer not null check (attempt >= 1),
  account_id text not null,
  model text not null,
  version_id text not null,
  deployment_id text not null,
  hardware_sku text not null,
  predict_microseconds bigint not null check (predict_microseconds >= 0),
  price_micros_per_second bigint not null check (price_micros_per_second >= 0),
  cost_micros bigint not null check (cost_micros >= 0),
  status text not null check (status in ('succeeded', 'failed', 'canceled', 'aborted')),
  at timestamptz(3) not null
);
create index usage_of_account on usage_records (account_id, id desc);
create index usage_by_time on usage_records (at);

create table files (
  id text primary key,
  account_id text references accounts,
  kind text not null check (kind in ('upload', 'output')),
  prediction_id text,
  name text not null,
  content_type text not null,
  size_bytes bigint not null check (size_bytes >= 0),
  md5 text not null check (md5 ~ '^[0-9a-f]{32}$'),
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  metadata json not null,
  created_at timestamptz(3) not null,
  expires_at timestamptz(3)
);
create index files_of_account on files (account_id, id desc) where kind = 'upload';
create index files_of_prediction on files (prediction_id) where prediction_id is not null;

create table settings (
  key text primary key,
  value text not null
);
`;
