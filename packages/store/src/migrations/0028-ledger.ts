import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The ledger: records that nothing changes, corrections beside them, their chains, and prices with a date. */
export const ledger: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
-- A correction is a record of its own with an amount. It ran nothing and has no status, so that whoever looks for runs by
-- their status meets none.
alter table usage_records
  add column kind text not null default 'run' check (kind in ('run', 'correction')),
  add column corrects text,
  add column reason text,
  -- Username.
  add column made_by text,
  alter column status drop not null,
  drop constraint usage_records_cost_micros_check,
  drop constraint usage_records_prediction_id_key,
  add constraint usage_records_run_check check (kind <> 'run' or (
    cost_micros >= 0 and status is not null and corrects is null and reason is null and made_by is null)),
  add constraint usage_records_correction_check check (kind <> 'correction' or (
    cost_micros <> 0 and predict_microseconds = 0 and price_micros_per_second = 0 and status is null
    and corrects is not null and reason is not null and made_by is not null));
-- A prediction is billed once.
create unique index usage_records_prediction_id_key on usage_records (prediction_id) where kind = 'run';
create index usage_corrections on usage_records (prediction_id) where kind = 'correction';

-- What has no seal yet, noted with the record itself: a transaction that commits late is met late and never passed over.
create table usage_unsealed (
  record_id text primary key,
  noted_at timestamptz(3) not null default clock_timestamp()
);
create function note_unsealed() returns trigger language plpgsql as $$
begin
  insert into usage_unsealed (record_id) values (new.id);
  return null;
end $$;
create trigger usage_records_unsealed after insert on usage_records for each row execute function note_unsealed();
insert into usage_unsealed (record_id) select id from usage_records;

-- One chain for each account. sequence counts over all of them and has no holes: the order that records are exported in.
create table usage_seals (
  account_id text not null,
  position bigint not null check (position >= 1),
  sequence bigint not null unique check (sequence >= 1),
  record_id text not null unique,
  previous_hash text not null check (previous_hash ~ '^[0-9a-f]{64}$'),
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  primary key (account_id, position)
);

-- Of a SKU, the newest entry whose time has come; of several from one instant, the one set last.
create table hardware_prices (
  id bigint primary key generated always as identity,
  sku text not null,
  price_micros_per_second bigint not null check (price_micros_per_second >= 0),
  effective_from timestamptz(3) not null,
  set_at timestamptz(3) not null,
  -- Username; null: the platform itself.
  set_by text
);
create index hardware_prices_of_sku on hardware_prices (sku, effective_from desc, id desc);
-- What it cost before nobody noted.
insert into hardware_prices (sku, price_micros_per_second, effective_from, set_at)
  select sku, price_micros_per_second, now(), now() from hardware;

-- Whoever asks for hardware is told the price that a prediction would start at by the time it can (core's PRICE_LEAD_MS).
alter table hardware rename to skus;
alter table skus drop column price_micros_per_second;
create view hardware as
  select skus.*, coalesce((
    select price_micros_per_second from hardware_prices
    where hardware_prices.sku = skus.sku and effective_from <= now() + interval '10 seconds'
    order by effective_from desc, id desc limit 1
  ), 0) as price_micros_per_second
  from skus;

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger usage_records_append_only before update or delete or truncate on usage_records
  for each statement execute function refuse_change();
create trigger usage_seals_append_only before update or delete or truncate on usage_seals
  for each statement execute function refuse_change();
create trigger hardware_prices_append_only before update or delete or truncate on hardware_prices
  for each statement execute function refuse_change();
`;
