import type { Pool } from 'pg';
import type { DeploymentDay, History } from './store.ts';
import { at } from './values.ts';

/** Milliseconds of [a, b) that lie in the day; none where `a` is null, which greatest() would pass over. */
const within = (a: string, b: string): string =>
  `case when ${a} is null then 0
    else greatest(0, extract(epoch from least(${b}, day.until) - greatest(${a}, day.from)) * 1000) end`;
const stamp = (column: string, key: string): string => `to_timestamp((${column} ->> '${key}')::bigint / 1000.0)`;

/**
 * $1 from, $2 until, $3 now, $4 owner or null. An instance's life falls into booting, up and leaving; what it was busy
 * is taken from up first, and from leaving beyond that, since one that drains finishes what it holds. A share counts as
 * the part of its GPU that it holds; of a host that is gone, as the whole.
 */
const DAYS = `with day as (
    select "from", "from" + interval '24 hours' as until
    from generate_series(date_trunc('day', $1::timestamptz, 'UTC'), $2::timestamptz - interval '1 ms', interval '24 hours') as "from"
  ), life as (
    select instances.id, deployment_id, created_at as born,
      ${stamp('phases', 'ready')} as ready,
      coalesce(${stamp('moves', 'draining')}, ${stamp('moves', 'stopping')}) as leaves,
      case when state in ('stopped', 'failed') then since else $3::timestamptz end as gone,
      coalesce(hardware.price_micros_per_second, 0) as price,
      case when gpu_share_mib_held = 0 then cardinality(device_ids)
        else coalesce(gpu_share_mib_held / nullif(device_vram, 0), 1) end as gpus
    from (
      select instances.*, instances.gpu_share_mib as gpu_share_mib_held, (
        select (device ->> 'vramMiB')::float8 from hosts cross join jsonb_array_elements(hosts.devices) as device
        where hosts.id = instances.host_id and device ->> 'id' = instances.device_ids[1]
      ) as device_vram
      from instances
      where created_at < $2 and (state not in ('stopped', 'failed') or since >= $1)
    ) as instances
    left join hardware on hardware.sku = instances.hardware_sku
  ), spent as (
    select to_char(day.from at time zone 'UTC', 'YYYY-MM-DD') as day, life.deployment_id, life.gpus, life.price,
      ${within('born', 'coalesce(ready, leaves, gone)')} as booting,
      ${within('ready', 'coalesce(leaves, gone)')} as up,
      ${within('leaves', 'gone')} as leaving,
      coalesce(instance_busy.busy_ms, 0) as busy
    from life
    join day on life.born < day.until and life.gone > day.from
    left join instance_busy on instance_busy.instance_id = life.id
      and instance_busy.day = (day.from at time zone 'UTC')::date
  ), parted as (
    select day, deployment_id, gpus, price, booting, least(busy, up + leaving) as busy,
      greatest(0, up - busy) as idle, greatest(0, leaving - greatest(0, busy - up)) as leaving
    from spent
  ), instance_time as (
    select day, deployment_id,
      sum(booting)::float8 as booting, sum(busy)::float8 as busy, sum(idle)::float8 as idle, sum(leaving)::float8 as leaving,
      sum(booting * gpus)::float8 as gpu_booting, sum(busy * gpus)::float8 as gpu_busy,
      sum(idle * gpus)::float8 as gpu_idle, sum(leaving * gpus)::float8 as gpu_leaving,
      round(sum(idle * price) / 1000)::bigint as idle_micros, round(sum(booting * price) / 1000)::bigint as booting_micros
    from parted group by day, deployment_id
  ), billed as (
    select to_char(at at time zone 'UTC', 'YYYY-MM-DD') as day, deployment_id,
      count(*) filter (where kind = 'run') as predictions,
      sum(predict_microseconds)::bigint as microseconds, sum(cost_micros)::bigint as cost
    from usage_records, (select min("from") as "from", max(until) as until from day) as range
    where at >= range.from and at < range.until
    group by 1, 2
  )
  select day, deployment_id as "deploymentId",
    json_build_object('booting', coalesce(booting, 0), 'busy', coalesce(busy, 0), 'idle', coalesce(idle, 0),
      'leaving', coalesce(leaving, 0)) as time,
    json_build_object('booting', coalesce(gpu_booting, 0), 'busy', coalesce(gpu_busy, 0), 'idle', coalesce(gpu_idle, 0),
      'leaving', coalesce(gpu_leaving, 0)) as gpu,
    coalesce(idle_micros, 0) as "idleMicros", coalesce(booting_micros, 0) as "bootingMicros",
    coalesce(predictions, 0) as predictions, coalesce(microseconds, 0) as "billedMicroseconds",
    coalesce(cost, 0) as "costMicros"
  from instance_time full join billed using (day, deployment_id)
  where $4::text is null or exists (select from deployments where id = deployment_id and owner = $4)
  order by day, deployment_id`;

/** Whole days in UTC, from the one that `from` lies in. */
export async function deploymentDays(
  pool: Pool,
  { from, until, now, owner }: Parameters<History['days']>[0],
): Promise<DeploymentDay[]> {
  const { rows } = await pool.query<DeploymentDay>(DAYS, [at(from), at(until), at(now), owner ?? null]);
  return rows;
}
