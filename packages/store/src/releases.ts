import { sql } from 'kysely';
import type { Database } from './database.ts';
import { keysetPage } from './keyset.ts';
import type { DeploymentRow, Deployments, ReleaseRow } from './store.ts';
import { at, json } from './values.ts';

const RELEASE = [
  'number',
  'version_id as versionId',
  'hardware_sku as hardwareSku',
  'min_instances as minInstances',
  'max_instances as maxInstances',
  'keep_alive as keepAlive',
  'restores',
  'created_at as createdAt',
  'created_by as createdBy',
] as const;

export function createReleases(db: Database): Pick<Deployments, 'release' | 'releases'> {
  const of = (deploymentId: string) =>
    db.selectFrom('releases').select(RELEASE).where('deployment_id', '=', deploymentId);
  return {
    async release(deploymentId, number): Promise<ReleaseRow | null> {
      return (await of(deploymentId).where('number', '=', number).executeTakeFirst()) ?? null;
    },

    releases: (deploymentId, page) =>
      keysetPage(of(deploymentId), { by: sql.ref('number'), at: (number: number) => sql`${number}` }, page),
  };
}

/** Records the release that a deployment has just got, in the transaction that gave it. */
export async function recordRelease(db: Database, row: DeploymentRow, restores: number | null): Promise<void> {
  await db
    .insertInto('releases')
    .values({
      deployment_id: row.id,
      number: row.release,
      version_id: row.versionId,
      hardware_sku: row.hardwareSku,
      min_instances: row.minInstances,
      max_instances: row.maxInstances,
      keep_alive: json(row.keepAlive),
      restores,
      created_at: at(row.releasedAt),
      created_by: row.releasedBy,
    })
    .execute();
}
