/**
 * What the statements that make, extend and end predictions have to do with budgets. Each locks the budgets before the
 * prediction's row, and of those the account's before the token's. The other way round, whoever ends a prediction waits for
 * who repeats its request, who has the budgets and waits for who writes the row that has the key.
 */

/** The UTC day and the first day of the UTC month of an instant. */
const dayOf = (at: string): string => `(${at}::timestamptz at time zone 'UTC')::date`;
const monthOf = (at: string): string => `date_trunc('month', ${at}::timestamptz at time zone 'UTC')::date`;

/** Columns of a budget as it is at an instant: a period that has begun since has nothing spent in it. */
const standing = (at: string): string => `budgets.id, budgets.account_id, budgets.token_id,
  budgets.day_limit_micros, budgets.month_limit_micros, budgets.max_in_flight, budgets.held_micros, budgets.in_flight,
  case when ${dayOf(at)} > budgets.day then 0 else budgets.day_spent_micros end as day_spent_micros,
  case when ${monthOf(at)} > budgets.month then 0 else budgets.month_spent_micros end as month_spent_micros`;

/** The account's before the token's, always: whoever needs both never waits for one while another waits for it. */
const IN_ORDER = 'order by budgets.token_id nulls first for update of budgets';

/** CTE `locked`: the budgets of an account and a token that count, as they are once nobody else is at them. */
export const lockedBudgets = (of: { account: string; token: string; at: string; from?: string }): string =>
  `locked as materialized (
      select ${standing(of.at)} from budgets${of.from ?? ''}
      where budgets.id in (${of.account}, ${of.token}) and budgets.counts ${IN_ORDER}
    )`;

/** The same, of the prediction $1. */
export const lockedBudgetsOfPrediction = (at: string): string =>
  lockedBudgets({
    account: 'whose.account_id',
    token: 'whose.token_id',
    at,
    from: ' cross join (select account_id, token_id from predictions where id = $1) as whose',
  });

/** As a condition: whoever has it touches nothing before `locked` is. */
export const ONCE_LOCKED = '(select count(*) from locked) >= 0';

/**
 * CTE `verdict`, one row: `over` is null where `micros` more fit into all of `locked`, else the limits that they exceed,
 * as core's `BudgetBound`s. `room`: what still fits; null: no limit.
 */
export const verdict = (micros: string, joins: { inFlight: number }): string => `verdict as materialized (
      select
        min(bound.most - bound.spent - bound.held) filter (where bound.what <> 'in_flight') as room,
        json_agg(json_build_object('what', bound.what, 'limit', bound.most,
          'spent', bound.spent, 'held', bound.held, 'needed', bound.needed,
          'account', (select username from accounts where accounts.id = locked.account_id),
          'token', (select json_build_object('id', id, 'name', name) from tokens where tokens.id = locked.token_id)))
          filter (where bound.needed > 0 and bound.spent + bound.held + bound.needed > bound.most) as over
      from locked cross join lateral (values
        ('day', day_limit_micros, day_spent_micros, held_micros, ${micros}::bigint),
        ('month', month_limit_micros, month_spent_micros, held_micros, ${micros}::bigint),
        ('in_flight', max_in_flight, 0, in_flight, ${joins.inFlight})
      ) as bound (what, most, spent, held, needed)
      where bound.most is not null
    )`;

/** A period never goes back: what ends in an earlier one was spent there. */
const spending = (
  period: 'day' | 'month',
  now: string,
  cost: string,
): string => `${period} = greatest(budgets.${period}, ${now}),
        ${period}_spent_micros = case
          when ${now} > budgets.${period} then coalesce(${cost}::bigint, 0)
          when ${now} = budgets.${period} then budgets.${period}_spent_micros + coalesce(${cost}::bigint, 0)
          else budgets.${period}_spent_micros end`;

/** CTE `captured`: the end of the prediction in `ended` turns its hold in `locked` into what it cost, in the period of its end. */
export const capture = ({ cost, at }: { cost: string; at: string }): string => `captured as (
      update budgets
      set held_micros = budgets.held_micros - ended."holdMicros", in_flight = budgets.in_flight - 1,
        ${spending('day', dayOf(at), cost)}, ${spending('month', monthOf(at), cost)}
      from locked cross join ended
      where budgets.id = locked.id
    )`;

/** $1 account, $2 prediction, $3 millionths, $4 instant: counts a record that no prediction's end wrote. */
export const SPEND = `with charged as materialized (
      select budgets.id from budgets
      where budgets.id in ($1, (select token_id from predictions where predictions.id = $2)) and budgets.counts ${IN_ORDER}
    )
    update budgets
    set ${spending('day', dayOf('$4'), '$3')}, ${spending('month', monthOf('$4'), '$3')}
    from charged
    where budgets.id = charged.id`;

/**
 * What was billed in the period that begins at `from`, of the budget in the row `of`: the only place that says what
 * spending is. Where the ledger has records that correct others, they count here with their sign.
 */
const spent = (of: string, from: string, length: 'day' | 'month'): string => `(
      select coalesce(sum(usage_records.cost_micros), 0)::bigint from usage_records
      left join predictions on ${of}.token_id is not null and predictions.id = usage_records.prediction_id
      where usage_records.account_id = ${of}.account_id
        and (${of}.token_id is null or predictions.token_id = ${of}.token_id)
        and usage_records.at >= ${from}::timestamp at time zone 'UTC'
        and usage_records.at < (${from} + interval '1 ${length}') at time zone 'UTC')`;

const unfinished = (of: string, sum: string): string => `(
      select coalesce(${sum}, 0)::bigint from predictions
      where predictions.status in ('starting', 'processing') and predictions.account_id = ${of}.account_id
        and (${of}.token_id is null or predictions.token_id = ${of}.token_id))`;

/** The counters of the budget in the row `of`, re-added from the predictions and the ledger. */
const counted = (of: string, day: string, month: string): string => `lateral (
    select ${unfinished(of, 'sum(hold_micros)')} as held_micros, ${unfinished(of, 'count(*)')} as in_flight,
      ${spent(of, day, 'day')} as day_spent_micros, ${spent(of, month, 'month')} as month_spent_micros
    ) as counted`;

/** Budgets whose counters are not what their predictions and their records add up to. One snapshot: both move together. */
export const DRIFTED = `
  select budgets.id, budgets.account_id as "accountId", budgets.token_id as "tokenId",
    budgets.held_micros as "heldMicros", counted.held_micros as "countedHeldMicros",
    budgets.in_flight as "inFlight", counted.in_flight as "countedInFlight",
    budgets.day_spent_micros as "daySpentMicros", counted.day_spent_micros as "countedDaySpentMicros",
    budgets.month_spent_micros as "monthSpentMicros", counted.month_spent_micros as "countedMonthSpentMicros"
  from budgets cross join ${counted('budgets', 'budgets.day', 'budgets.month')}
  where budgets.counts and (budgets.held_micros, budgets.in_flight, budgets.day_spent_micros, budgets.month_spent_micros)
    is distinct from (counted.held_micros, counted.in_flight, counted.day_spent_micros, counted.month_spent_micros)`;

/** $1: a budget that the transaction has locked. $2: the instant whose day and month it is counted for. */
export const RECOUNT = `
  update budgets
  set held_micros = counted.held_micros, in_flight = counted.in_flight,
    day = ${dayOf('$2')}, day_spent_micros = counted.day_spent_micros,
    month = ${monthOf('$2')}, month_spent_micros = counted.month_spent_micros
  from budgets as same cross join ${counted('same', dayOf('$2'), monthOf('$2'))}
  where budgets.id = $1 and same.id = budgets.id`;

/** Columns of a budget as people are shown it, at an instant. */
export const SHOWN = (at: string): string => `
  select ${standing(at)}, budgets.creates_per_minute, accounts.username, tokens.name as token_name, tokens.hint as token_hint
  from budgets
  join accounts on accounts.id = budgets.account_id
  left join tokens on tokens.id = budgets.token_id`;

/** $1 instant, $2 limit: of the budgets that limit spending, those of whose limit the most is used up. One of 0 is full. */
export const FULLEST = `
  select * from (${SHOWN('$1')}) as shown
  where day_limit_micros is not null or month_limit_micros is not null
  order by greatest(
    case day_limit_micros when 0 then 'Infinity' else (held_micros + day_spent_micros)::float8 / day_limit_micros end,
    case month_limit_micros when 0 then 'Infinity' else (held_micros + month_spent_micros)::float8 / month_limit_micros end
  ) desc, id limit $2`;
