import type { Pool } from 'pg';
import type { History, MetricsStep } from './store.ts';
import { at } from './values.ts';

const step = (column: string): string =>
  `floor(extract(epoch from ${column} - $2::timestamptz) * 1000 / $4::float8)::integer`;
const quantiles = (ms: string): string =>
  `percentile_cont(array[0.5, 0.95]) within group (order by extract(epoch from ${ms})::float8 * 1000)`;

/** $1 deployment, $2 from, $3 until, $4 step in milliseconds. By the index predictions_ended. */
const ENDED = `select ${step('completed_at')} as n,
    count(*) filter (where status = 'succeeded') as succeeded,
    count(*) filter (where status = 'failed') as failed,
    count(*) filter (where status in ('canceled', 'aborted')) as canceled,
    ${quantiles('completed_at - started_at')} filter (where started_at is not null) as run,
    ${quantiles('started_at - created_at')} filter (where started_at is not null) as wait
  from predictions
  where deployment_id = $1 and completed_at is not null and completed_at >= $2 and completed_at < $3
  group by 1`;

/**
 * How many waited: one more from each request, one fewer from each start. Who waited at some time from $2 on has ended
 * since, or has not ended yet. Steps below 0 are before the range: their last depth is the one that it begins with.
 */
const DEPTHS = `with asked as (
    select created_at, coalesce(started_at, completed_at) as taken_at from predictions
    where deployment_id = $1 and completed_at is not null and completed_at >= $2
    union all
    select created_at, started_at from predictions where deployment_id = $1 and status in ('starting', 'processing')
  ), change as (
    select created_at as at, 1 as by from asked union all select taken_at, -1 from asked where taken_at is not null
  ), depth as (
    select at, row_number() over in_order as place, sum(by) over in_order as waiting
    from change where at < $3 window in_order as (order by at, by rows unbounded preceding)
  )
  select greatest(-1, ${step('at')}) as n, max(waiting)::integer as peak,
    ((array_agg(waiting order by place desc))[1])::integer as last
  from depth group by 1`;

interface Ended extends Pick<MetricsStep, 'succeeded' | 'failed' | 'canceled'> {
  readonly n: number;
  readonly run: readonly [number, number] | null;
  readonly wait: readonly [number, number] | null;
}
interface Depth {
  readonly n: number;
  readonly peak: number;
  readonly last: number;
}

export async function metricsSteps(
  pool: Pool,
  { deploymentId, from, until, stepMs }: Parameters<History['metrics']>[0],
): Promise<MetricsStep[]> {
  const values = [deploymentId, at(from), at(until), stepMs];
  const [ended, depths] = await Promise.all([pool.query<Ended>(ENDED, values), pool.query<Depth>(DEPTHS, values)]);
  return stepsOf(ended.rows, depths.rows, { from, count: Math.ceil((until - from) / stepMs), stepMs });
}

/** Every step, those too in which nothing happened: what waited before them waits on. */
function stepsOf(
  ended: readonly Ended[],
  depths: readonly Depth[],
  { from, count, stepMs }: { from: number; count: number; stepMs: number },
): MetricsStep[] {
  const endedIn = new Map(ended.map((row) => [row.n, row]));
  const depthIn = new Map(depths.map((row) => [row.n, row]));
  let waiting = depthIn.get(-1)?.last ?? 0;
  return Array.from({ length: count }, (_, n) => {
    const row = endedIn.get(n);
    const depth = depthIn.get(n);
    const queuePeak = Math.max(waiting, depth?.peak ?? 0);
    waiting = depth?.last ?? waiting;
    return {
      at: from + n * stepMs,
      succeeded: row?.succeeded ?? 0,
      failed: row?.failed ?? 0,
      canceled: row?.canceled ?? 0,
      runMs: quantilesOf(row?.run),
      waitMs: quantilesOf(row?.wait),
      queuePeak,
    };
  });
}

const quantilesOf = (of: readonly [number, number] | null | undefined): MetricsStep['runMs'] =>
  of == null ? null : { p50: of[0], p95: of[1] };
