import type { PhaseStamps } from '@hearth/core';
import { sql } from 'kysely';
import type { Connection } from './database.ts';
import type { RecentWork } from './store.ts';

interface Row {
  readonly id: string;
  /** Microseconds and epoch milliseconds, newest first. */
  readonly runs: readonly (readonly [number, number])[];
  readonly boots: readonly PhaseStamps[];
}

/**
 * One round trip, by the two indexes of a deployment's newest rows. What belongs to another version or other hardware
 * than the deployment has now counts towards the limits and is left out, so that a release costs no long scan.
 */
export function createRecentWork({ db }: Connection) {
  return async (
    deploymentIds: readonly string[],
    limits: { readonly runs: number; readonly boots: number },
  ): Promise<RecentWork[]> => {
    if (deploymentIds.length === 0) return [];
    const { rows } = await sql<Row>`
      select deployments.id, runs.runs, boots.boots
      from deployments
      cross join lateral (
        select coalesce(json_agg(json_build_array(
          predict_microseconds, (extract(epoch from at) * 1000)::bigint) order by id desc), '[]') as runs
        from (
          select * from usage_records where usage_records.deployment_id = deployments.id order by id desc limit ${limits.runs}
        ) newest
        where status = 'succeeded' and version_id = deployments.version_id and hardware_sku = deployments.hardware_sku
      ) runs
      cross join lateral (
        select coalesce(json_agg(phases order by id desc), '[]') as boots
        from (
          select * from instances where instances.deployment_id = deployments.id order by id desc limit ${limits.boots}
        ) newest
        where phases ? 'ready' and version_id = deployments.version_id and hardware_sku = deployments.hardware_sku
      ) boots
      where deployments.id = any(${[...deploymentIds]})
      order by deployments.id`.execute(db);
    return rows.map(({ id, runs, boots }) => ({
      deploymentId: id,
      runs: runs.map(([microseconds, at]) => ({ runMs: Math.round(microseconds / 1_000), at })),
      boots,
    }));
  };
}
