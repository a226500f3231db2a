import { capture, lockedBudgets, lockedBudgetsOfPrediction, ONCE_LOCKED, verdict } from './budget-sql.ts';
import { PREDICTION_COLUMNS } from './columns.ts';
import { placeIn } from './turns.ts';

/**
 * The statements of the hot path: one round trip each, and prepared by name, so that a connection parses and plans each of
 * them once (about a third of the time of an unnamed one). Parameters are listed where each is run, in predictions.ts.
 */
export interface Statement {
  readonly name: string;
  readonly text: string;
}
const statement = (name: string, text: string): Statement => ({ name: `hearth_${name}`, text });

const returning = PREDICTION_COLUMNS.map((column) => column.replace(/ as (\w+)$/, ' as "$1"')).join(', ');
const named = (column: string): string => `"${column.split(' as ').at(-1)}"`;

/** For the one transaction that the statement is. */
const relaxing = "relaxed as (select set_config('synchronous_commit', 'off', true))";
const relaxed = `with ${relaxing}`;

/** A way to insert: as most do, and as those do whose account or token has a budget. */
export interface Insert {
  readonly free: Statement;
  readonly budgeted: Statement;
}

const place = placeIn({ deployment: '$5', account: '$2', at: '$12' });

/**
 * With its turn. One of an account that may only have so many at a time is held: the dispatcher, which alone knows how
 * many there are, lets it in.
 */
const insertion = (from: string, condition: string, { columns = '', values = '', conflict = '' }): string =>
  `insert into predictions (id, account_id, model, version_id, deployment_id, deployment, hardware_sku,
      input, source, webhook, webhook_events_filter, created_at, deadline_at, kind, destination, streams_files, token_id,
      turn, priority, held, hold_micros${columns})
    select $1, $2, $3, $4, deployments.id, $6, $7, $8::json, $9, $10, $11::text[], $12, $13, $14, $15, $16, $17,
      case when capped then 0 else place.turn end, case when capped then 0 else place.priority end, capped, $18${values}
    from ${from}deployments
    cross join lateral (
      select coalesce((select max_in_flight is not null from accounts where accounts.id = $2), false) as capped
    ) as limits
    cross join ${place}
    where deployments.id = $5 and deployments.removed_at is null and ${condition}
    ${conflict}
    returning priority, held`;

/**
 * `free` inserts nothing where there is a budget, and takes no lock. `budgeted` takes the hold of the prediction from the
 * budgets of its account and its token, which it locks before it makes the row, or makes none: `over` says then which
 * limits it would exceed. `limited`: there are such budgets.
 */
const inserting = (name: string, { relax = false, ...more }): Insert => ({
  free: statement(
    name,
    `${relax ? relaxed : ''} ${insertion(
      relax ? 'relaxed cross join ' : '',
      'not exists (select from budgets where budgets.id in ($2, $17) and budgets.counts)',
      more,
    )}`,
  ),
  budgeted: statement(
    `${name}_budgeted`,
    `with ${relax ? `${relaxing}, ` : ''}${lockedBudgets({ account: '$2', token: '$17', at: '$12' })},
    ${verdict('$18', { inFlight: 1 })}, placed as (
      ${insertion(`verdict ${relax ? 'cross join relaxed ' : ''}cross join `, 'verdict.over is null', more)}
    ), taken as (
      update budgets set held_micros = budgets.held_micros + $18::bigint, in_flight = budgets.in_flight + 1
      from locked cross join placed
      where budgets.id = locked.id
    )
    select placed.priority, placed.held, verdict.over, exists (select from locked) as limited
    from verdict left join placed on true`,
  ),
});

/** Nothing inserted and nothing exceeded: the deployment is gone. */
export const INSERT = inserting('insert', {});

export const INSERT_RELAXED = inserting('insert_relaxed', { relax: true });

/**
 * At most one row for each key of an account, however many try at once: the losers wait for the winner and insert nothing.
 * Nothing inserted and nothing exceeded: the key is taken, or the deployment is gone.
 */
export const INSERT_KEYED = inserting('insert_keyed', {
  columns: ', idempotency_key, request_hash',
  values: ', $19, $20',
  conflict: 'on conflict (account_id, idempotency_key) where idempotency_key is not null do nothing',
});

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

/** Postgres sets its statistics back whenever it recovers from a crash, its own or of one of its processes. */
export const SKIP_FORGOTTEN = statement(
  'skip_forgotten',
  `update predictions set attempt = attempt + 1
    where status = 'starting' and not held and created_at <
      (select greatest(pg_postmaster_start_time(), stats_reset) from pg_stat_bgwriter)`,
);

/**
 * $3: what it should have set aside. Raises its hold towards that, as far as its budgets have room, and says how far it
 * came and which limits were in the way. No row: the attempt is not current, or over.
 */
export const EXTEND_HOLD = statement(
  'extend_hold',
  `with ${lockedBudgetsOfPrediction('$4')}, run as materialized (
      select id, hold_micros, greatest(0, $3::bigint - hold_micros) as wanted
      from predictions where id = $1 and attempt = $2 and status = 'processing' and ${ONCE_LOCKED} for update
    ), ${verdict('(select wanted from run)', { inFlight: 0 })}, granted as materialized (
      select run.id, run.hold_micros, least(run.wanted, greatest(0, coalesce(verdict.room, run.wanted))) as micros, verdict.over from run cross join verdict
    ), raised as (
      update predictions set hold_micros = predictions.hold_micros + granted.micros
      from granted where predictions.id = granted.id and granted.micros > 0
    ), taken as (
      update budgets set held_micros = budgets.held_micros + granted.micros
      from locked cross join granted where budgets.id = locked.id and granted.micros > 0
    )
    select (hold_micros + micros)::bigint as "holdMicros", over from granted`,
);

/**
 * The end, its bill and the message that tells a user of it (core's \`wantsEvent\` says to whom), or none of them. A second bill for a prediction breaks its unique index and takes the whole statement
 * with it: there is no \`on conflict\`, because a bill that was there before the end is a fault to hear about.
 */
const finishing = ({ made = '', unless = '' }): string => `with ${lockedBudgetsOfPrediction('$10')}, ended as (
      update predictions
      set status = $4, output = case when $5::boolean then $6::json else output end, error = $7,
        logs = coalesce($8, logs), metrics = coalesce($9::json, metrics), completed_at = $10,
        started_at = coalesce($23::timestamptz, started_at)
      where id = $1 and attempt = coalesce($2::int, attempt) and status = $3 and ${ONCE_LOCKED}${unless}
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
    ), ${capture({ cost: '$20', at: '$10' })}${made}
    select ${PREDICTION_COLUMNS.map(named).join(', ')} from ended`;

export const FINISH = statement('finish', finishing({}));

/** The end of a run that nobody heard of. What its instance did not live to see is not billed. */
export const FINISH_UNHEARD = statement(
  'finish_unheard',
  finishing({
    unless: ` and not exists (
        select from instances
        where instances.id = predictions.instance_id and to_timestamp((failure ->> 'at')::float8 / 1000) < $10
      )`,
  }),
);

/**
 * The same with the version that a training made, so that there is never the one without the other. Equal weights of the
 * same base are the same version, which comes back where it was removed. A base or a destination that is gone breaks the
 * statement: their columns may not be null.
 */
export const FINISH_TRAINING = statement(
  'finish_training',
  finishing({
    made: `, destination as (
      select id from models where id = $26 and removed_at is null for share
    ), made as (
      insert into versions (id, model_id, base_version_id, weights_file_id, source, runtime, openapi_schema, cog_version,
        slots, created_at)
      select $25, destination.id, $27, $28, base.source, base.runtime, base.openapi_schema, base.cog_version, base.slots, $10
      from ended left join destination on true left join versions as base on base.id = $27
      on conflict (id) do update
        set model_id = excluded.model_id, seq = default, created_at = excluded.created_at, removed_at = null
        where versions.removed_at is not null
    )`,
  }),
);
