import { sql } from 'kysely';
import type { Connection } from './database.ts';
import { LIVE } from './observe.ts';
import type { Images } from './store.ts';
import { at } from './values.ts';

/** When an instance was last used; one that never was, when it was booted. */
const usedAt = sql`coalesce(consumers.last_used_at, instances.created_at)`;

export function createImages({ db }: Connection): Images {
  return {
    async fetched(hostId, image, sizeBytes, fetchedAt) {
      const facts = { size_bytes: sizeBytes, fetched_at: at(fetchedAt) };
      await db
        .insertInto('host_images')
        .values({ host_id: hostId, image, ...facts })
        .onConflict((conflict) => conflict.columns(['host_id', 'image']).doUpdateSet(facts))
        .execute();
    },

    async forgotten(hostId, image) {
      await db.deleteFrom('host_images').where('host_id', '=', hostId).where('image', '=', image).execute();
    },

    ofHost(hostId) {
      const itsVersions = sql`select id from versions where runtime = 'docker' and source ->> 'image' = host_images.image`;
      return db
        .selectFrom('host_images')
        .select([
          'image',
          'size_bytes as sizeBytes',
          sql<number>`greatest(fetched_at, (
            select max(${usedAt}) from instances left join consumers on consumers.instance_id = instances.id
            where instances.version_id in (${itsVersions}) and instances.host_id = host_images.host_id
          ))`.as('lastUsedAt'),
          sql<boolean>`(
            exists (select from instances where instances.version_id in (${itsVersions})
              and instances.host_id = host_images.host_id and ${LIVE})
            or exists (select from deployments where deployments.version_id in (${itsVersions})
              and deployments.removed_at is null and deployments.min_instances > 0)
          )`.as('needed'),
        ])
        .where('host_id', '=', hostId)
        .orderBy('image')
        .execute();
    },

    async inUse(since) {
      const used = sql`(
        select max(${usedAt}) from instances left join consumers on consumers.instance_id = instances.id
        where instances.version_id = versions.id
      )`;
      return db
        .selectFrom('versions')
        .innerJoin('models', 'models.id', 'versions.model_id')
        .leftJoin('deployments', (join) =>
          join.onRef('deployments.version_id', '=', 'versions.id').on('deployments.removed_at', 'is', null),
        )
        .select([
          sql<string>`versions.source ->> 'image'`.as('image'),
          sql<number>`max(versions.created_at)`.as('pushedAt'),
          sql<number | null>`max(${used})`.as('lastUsedAt'),
          sql<number>`coalesce(max(deployments.min_instances), 0)`.as('minInstances'),
          sql<string[]>`array_agg(distinct coalesce(deployments.hardware_sku, models.hardware_sku))`.as('hardwareSkus'),
          sql<number | null>`max((
            select max(size_bytes) from host_images where host_images.image = versions.source ->> 'image'
          ))`.as('sizeBytes'),
        ])
        .where('versions.runtime', '=', 'docker')
        .where('versions.removed_at', 'is', null)
        .where(
          sql<boolean>`(versions.created_at >= ${at(since)} or deployments.min_instances > 0 or ${used} >= ${at(since)})`,
        )
        .groupBy(sql`versions.source ->> 'image'`)
        .execute();
    },
  };
}
