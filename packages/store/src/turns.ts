import { MAX_PRIORITY, REBASE_AT, TICKS_PER_MS, TICKS_PER_ROUND, TICKS_PER_STEP } from '@hearth/core';

/** Waits in its queue for the first time: what was given back goes before all, and is nobody's measure. */
const IN_LINE = `status = 'starting' and attempt = 0 and not held`;

/** SQL expressions of who joins which queue, and when. */
interface Joining {
  readonly deployment: string;
  readonly account: string;
  readonly at: string;
}

/**
 * Core's `joinQueue` as an item of a FROM list, `place (turn, priority)`: the facts are read where the prediction is
 * written, so that every api process sees the same queue and no round trip is added. Two that are written at the same
 * moment do not see each other and may get the same turn; an account gains a ticket for each connection by that.
 */
export const placeIn = ({ deployment, account, at }: Joining): string => `lateral (
      select
        case
          when head.turn is null then ${floored(`(extract(epoch from ${at}::timestamptz) * 1000 * ${TICKS_PER_MS})::bigint`)}
          when due <= ${floored('head.turn')} then ${floored('head.turn')}
          else greatest(due, head.turn)
        end as turn,
        case
          when head.turn is null then 0
          when due <= ${floored('head.turn')} then ${priorityFrom('head.turn', 0)}
          else ${priorityFrom('greatest(due, head.turn)', 1)}
        end as priority
      from (
        -- "offset 0" keeps it one value, worked out once: inlined, it would be looked up for each mention.
        select coalesce(
          (select turn from predictions
            where deployment_id = ${deployment} and account_id = ${account} order by turn desc limit 1)
          + greatest(1, round(${TICKS_PER_ROUND} / coalesce(
            (select weight from accounts where accounts.id = ${account}), 1)))::bigint, 0) as due
        offset 0
      ) as own
      left join (
        select turn, priority from predictions
        where deployment_id = ${deployment} and ${IN_LINE} order by priority, id limit 1
      ) as head on true
      offset 0
    ) as place`;

const floored = (turn: string): string => `${turn} / ${TICKS_PER_STEP} * ${TICKS_PER_STEP}`;

const priorityFrom = (turn: string, odd: 0 | 1): string =>
  `least(${MAX_PRIORITY}, 2 * (${turn} / ${TICKS_PER_STEP} - (head.turn / ${TICKS_PER_STEP} - head.priority / 2)) + ${odd})`;

/** Queues whose next ticket has come far. */
export const FAR = `
  select deployment_id as "deploymentId" from predictions where ${IN_LINE}
  group by deployment_id having min(priority) > ${REBASE_AT}`;

/** $1: one of those. Takes what has passed off its priorities; its tickets are set right by being restored. */
export const REBASE = `
  with head as (
    select turn from predictions where deployment_id = $1 and ${IN_LINE} order by priority, id limit 1
  )
  update predictions
  set priority = least(${MAX_PRIORITY},
    2 * greatest(0, predictions.turn / ${TICKS_PER_STEP} - head.turn / ${TICKS_PER_STEP}) + priority % 2)
  from head
  where deployment_id = $1 and ${IN_LINE}`;
