import { MAX_PRIORITY, REBASE_AT, TICKS_PER_MS, TICKS_PER_ROUND, TICKS_PER_STEP } from '@hearth/core';

/**
 * How many of an account's newest predictions are asked what turn they had. An account that has made more elsewhere since
 * is taken for one that comes anew, unless something of it still waits in this queue.
 */
const REMEMBERED = 8;

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
        select coalesce(
          greatest(
            (select max(turn) from predictions
              where deployment_id = ${deployment} and account_id = ${account} and ${IN_LINE}),
            (select max(turn) from (
                select deployment_id, turn from predictions where account_id = ${account} order by id desc limit ${REMEMBERED}
              ) as newest where newest.deployment_id = ${deployment})
          ) + greatest(1, round(${TICKS_PER_ROUND} / coalesce(
            (select weight from accounts where accounts.id = ${account}), 1)))::bigint, 0) as due
      ) as own
      left join (
        select turn, priority from predictions
        where deployment_id = ${deployment} and ${IN_LINE} order by priority, id limit 1
      ) as head on true
    ) as place`;

const floored = (turn: string): string => `${turn} / ${TICKS_PER_STEP} * ${TICKS_PER_STEP}`;

const priorityFrom = (turn: string, odd: 0 | 1): string =>
  `least(${MAX_PRIORITY}, 2 * (${turn} / ${TICKS_PER_STEP} - (head.turn / ${TICKS_PER_STEP} - head.priority / 2)) + ${odd})`;

/** Takes what has passed off the priorities of a queue that has come far. Its tickets are set right by the next sweep. */
export const REBASE = `
  with far as (
    select distinct on (deployment_id) deployment_id, turn from predictions
    where ${IN_LINE} and deployment_id in (
      select deployment_id from predictions where ${IN_LINE} group by deployment_id having min(priority) > ${REBASE_AT})
    order by deployment_id, priority, id
  )
  update predictions
  set priority = least(${MAX_PRIORITY},
    2 * greatest(0, predictions.turn / ${TICKS_PER_STEP} - far.turn / ${TICKS_PER_STEP}) + predictions.priority % 2)
  from far
  where predictions.deployment_id = far.deployment_id and ${IN_LINE.replaceAll(/\b(status|attempt|held)\b/g, 'predictions.$1')}`;
