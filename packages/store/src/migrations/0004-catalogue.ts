import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** What a catalogue of models needs: readmes, examples, collections, search, and models and versions that can be removed. */
export const catalogue: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
alter table models
  add column readme text,
  add column weights_url text,
  -- Its predictions with an id up to runs_until; the later ones are counted when somebody looks.
  add column runs bigint not null default 0,
  add column runs_until text not null default '',
  -- Removed ones stay, for the predictions and bills that name them.
  add column removed_at timestamptz(3),
  -- Names are not words of a language; dashes, dots and underscores part them.
  add column search tsvector not null generated always as (
    setweight(to_tsvector('simple', translate(owner || ' ' || name, '-_.', '   ')), 'A')
    || setweight(to_tsvector('english', coalesce(description, '')), 'B')
    || setweight(to_tsvector('english', coalesce(readme, '')), 'D')
  ) stored;
alter table models drop constraint models_owner_name_key;
create unique index models_name on models (owner, name) where removed_at is null;
create index models_search on models using gin (search);

alter table versions
  add column removed_at timestamptz(3);

alter table deployments
  -- When the queue of a removed one was cleared away.
  add column queue_removed_at timestamptz(3);
create index deployments_queue_left on deployments (id) where removed_at is not null and queue_removed_at is null;

create table model_examples (
  model_id text not null references models on delete cascade,
  prediction_id text not null,
  seq bigint generated always as identity,
  is_default boolean not null,
  created_at timestamptz(3) not null,
  primary key (model_id, prediction_id)
);
create index model_examples_in_order on model_examples (model_id, seq desc);
create index model_examples_of_prediction on model_examples (prediction_id);
create unique index model_examples_default on model_examples (model_id) where is_default;

create table collections (
  id text primary key,
  slug text not null unique,
  name text not null,
  description text not null,
  full_description text,
  created_at timestamptz(3) not null
);
create table collection_models (
  collection_id text not null references collections on delete cascade,
  model_id text not null references models on delete cascade,
  place integer not null check (place >= 0),
  primary key (collection_id, model_id)
);
create index collection_models_of_model on collection_models (model_id);

create index predictions_web on predictions (account_id, id desc) where source = 'web';
`;
