import { sql } from 'kysely';
import type { Database } from './database.ts';
import type { TypicalRun } from './store.ts';

/** What a version took long ago says little of what it takes now. */
const RUNS_LOOKED_AT = 50;

/** The middle of what each of these versions took and cost lately, run without a deployment; by the version's id. */
export async function typicalRuns(db: Database, versionIds: readonly string[]): Promise<Map<string, TypicalRun>> {
  if (versionIds.length === 0) return new Map();
  const { rows } = await sql<TypicalRun & { versionId: string }>`
    select deployments.version_id as "versionId",
      count(*) as "runs",
      percentile_disc(0.5) within group (order by lately.predict_microseconds) as "predictMicroseconds",
      percentile_disc(0.5) within group (order by lately.cost_micros) as "costMicros"
    from deployments
    cross join lateral (
      select predict_microseconds, cost_micros from usage_records
      where usage_records.deployment_id = deployments.id and usage_records.status = 'succeeded'
      order by usage_records.id desc limit ${RUNS_LOOKED_AT}
    ) as lately
    where deployments.version_id in (${sql.join(versionIds)})
      and deployments.implicit and deployments.mode = 'predict'
    group by deployments.version_id
  `.execute(db);
  return new Map(rows.map(({ versionId, ...typical }) => [versionId, typical]));
}
