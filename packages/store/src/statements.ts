import { PREDICTION_COLUMNS } from './columns.ts';
import { placeIn } from './turns.ts';

/**
 * The statements of the hot path: one round trip each, and prepared by name, so that a connection parses and plans each of
 * them once (about a third of the time of an unnamed one). Parameters are listed where each is run, in predictions.ts.
 */
const statement = (name: string, text: string) => ({ name: `hearth_${name}`, text });

const returning = PREDICTION_COLUMNS.map((column) => column.replace(/ as (\w+)$/, ' as "$1"')).join(', ');

/** For the one transaction that the statement is. */
const relaxed = "with relaxed as (select set_config('synchronous_commit', 'off', true))";

/**
 * With its turn. One of an account that may only have so many at a time is held: the dispatcher, which alone knows how
 * many there are, lets it in.
 */
const insertInto = (
  more: { columns: string; values: string } = { columns: '', values: '' },
) => `insert into predictions (id, account_id, model, version_id, deployment_id, deployment, hardware_sku,
      input, source, webhook, webhook_events_filter, created_at, deadline_at, kind, destination, streams_files, token_id,
      turn, priority, held${more.columns})
    select $1, $2, $3, $4, deployments.id, $6, $7, $8::json, $9, $10, $11::text[], $12, $13, $14, $15, $16, $17,
      case when capped then 0 else place.turn end, case when capped then 0 else place.priority end, capped${more.values}`;
const place = placeIn({ deployment: '$5', account: '$2', at: '$12' });
const deployed = `deployments
    cross join lateral (
      select coalesce((select max_in_flight is not null from accounts where accounts.id = $2), false) as capped
    ) as limits
    cross join ${place}
    where deployments.id = $5 and deployments.removed_at is null`;
const placed = 'returning priority, held';

/** No row: the deployment is gone. */
export const INSERT = statement('insert', `${insertInto()} from ${deployed} ${placed}`);

export const INSERT_RELAXED = statement(
  'insert_relaxed',
  `${relaxed} ${insertInto()} from relaxed cross join ${deployed} ${placed}`,
);

/**
 * At most one row for each key of an account, however many try at once: the losers wait for the winner and insert nothing.
 * No row: the key is taken, or the deployment is gone.
 */
export const INSERT_KEYED = statement(
  'insert_keyed',
  `${insertInto({ columns: ', idempotency_key, request_hash', values: ', $18, $19' })}
    from ${deployed}
    on conflict (account_id, idempotency_key) where idempotency_key is not null do nothing
    ${placed}`,
);

export const KEPT_UNDER_KEY = statement(
  'kept_under_key',
  `select ${returning}, request_hash as "requestHash" from predictions where account_id = $1 and idempotency_key = $2`,
);

export const CLAIM = statement(
  'claim',
  `${relaxed}
    update predictions
    set status = 'processing', attempt = attempt + 1, instance_id = $3, version_id = $4, hardware_sku = $5, started_at = $6
    from relaxed
    where id = $1 and attempt = $2 and status = 'starting' and not held
      and cancel_requested_at is null and (deadline_at is null or deadline_at > $6)
    returning ${returning}`,
);

/** Partial output may be lost with a power cut, as it is about to be written again: it does not wait for the disk. */
export const PROGRESS = statement(
  'progress',
  `${relaxed}
    update predictions
    set output = case when $3::boolean then $4::json else output end,
      logs = coalesce($5, logs), started_at = coalesce($6, started_at)
    from relaxed
    where id = $1 and attempt = $2 and status = 'processing'`,
);

/** What a lost attempt printed and returned goes with it. It has waited once: it goes before all who wait for the first time. */
export const GIVE_BACK = statement(
  'give_back',
  `update predictions
    set status = 'starting', instance_id = null, started_at = null, output = null, logs = '', metrics = null,
      lost_attempts = lost_attempts + $3::int, priority = 0
    where id = $1 and attempt = $2 and status = 'processing'
    returning ${returning}`,
);

/**
 * The end, its bill and the message that tells a user of it (core's \`wantsEvent\` says to whom), or none of them. A second bill for a prediction breaks its unique index and takes the whole statement
 * with it: there is no \`on conflict\`, because a bill that was there before the end is a fault to hear about.
 */
const finishing = (made: string): string => `with ended as (
      update predictions
      set status = $4, output = case when $5::boolean then $6::json else output end, error = $7,
        logs = coalesce($8, logs), metrics = coalesce($9::json, metrics), completed_at = $10,
        started_at = coalesce($23::timestamptz, started_at)
      where id = $1 and attempt = coalesce($2::int, attempt) and status = $3
      returning ${returning}
    ), billed as (
      insert into usage_records (id, prediction_id, attempt, account_id, model, version_id, deployment_id, hardware_sku,
        predict_microseconds, price_micros_per_second, cost_micros, status, at)
      select $11::text, $1, $12::int, $13, $14, $15, $16, $17, $18::bigint, $19::bigint, $20::bigint, $21, $22::timestamptz
      from ended where $11::text is not null
    ), told as (
      insert into messages (id, prediction_id, account_id, event, url, state, next_try_at, created_at)
      select $24, id, "accountId", 'completed', webhook, 'pending', $10::timestamptz, $10::timestamptz
      from ended
      where webhook is not null and ("webhookEventsFilter" is null or 'completed' = any("webhookEventsFilter"))
    )${made}
    select * from ended`;

export const FINISH = statement('finish', finishing(''));

/**
 * The same with the version that a training made, so that there is never the one without the other. Equal weights of the
 * same base are the same version, which comes back where it was removed. A base or a destination that is gone breaks the
 * statement: their columns may not be null.
 */
export const FINISH_TRAINING = statement(
  'finish_training',
  finishing(`, destination as (
      select id from models where id = $26 and removed_at is null for share
    ), made as (
      insert into versions (id, model_id, base_version_id, weights_file_id, source, runtime, openapi_schema, cog_version,
        slots, created_at)
      select $25, destination.id, $27, $28, base.source, base.runtime, base.openapi_schema, base.cog_version, base.slots, $10
      from ended left join destination on true left join versions as base on base.id = $27
      on conflict (id) do update
        set model_id = excluded.model_id, seq = default, created_at = excluded.created_at, removed_at = null
        where versions.removed_at is not null
    )`),
);
