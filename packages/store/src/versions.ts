import { sql } from 'kysely';
import type { Connection, Database } from './database.ts';
import { keysetPage } from './keyset.ts';
import { VERSION } from './model-columns.ts';
import { prepared } from './prepared.ts';
import type { Models, VersionUse } from './store.ts';
import { at, json } from './values.ts';

/** The version's id stands already, under another model: ids are digests of what runs, and name one model. */
export class VersionElsewhere extends Error {
  override readonly name = 'VersionElsewhere';
  /** `owner/name` of the model that has it. */
  readonly model: string;
  constructor(id: string, model: string) {
    super(`version ${id} belongs to ${model} already`);
    this.model = model;
  }
}

/** The model was removed, or never was. */
export class ModelGone extends Error {
  override readonly name = 'ModelGone';
  constructor(id: string) {
    super(`there is no model ${id}`);
  }
}

type Versions = Pick<Models, 'insertVersion' | 'version' | 'latestVersion' | 'versions' | 'removeVersion'>;

export function createVersions(connection: Connection, now: () => number): Versions {
  const { db } = connection;
  const standing = (from: Database = db) =>
    from
      .selectFrom('versions')
      .innerJoin('models', 'models.id', 'versions.model_id')
      .select(VERSION)
      .where('versions.removed_at', 'is', null);

  return {
    insertVersion: (row) =>
      db.transaction().execute(async (transaction) => {
        // Held until the version is there: a model is removed when it has none.
        const model = await transaction
          .selectFrom('models')
          .select('id')
          .where('id', '=', row.modelId)
          .where('removed_at', 'is', null)
          .forShare()
          .executeTakeFirst();
        if (!model) throw new ModelGone(row.modelId);
        const values = {
          model_id: row.modelId,
          source: json(row.source),
          runtime: row.runtime,
          openapi_schema: json(row.openapiSchema),
          cog_version: row.cogVersion,
          slots: row.slots,
          created_at: at(now()),
        };
        await transaction
          .insertInto('versions')
          .values({ id: row.id, ...values })
          .onConflict((conflict) =>
            conflict
              .column('id')
              .doUpdateSet({ ...values, seq: sql<number>`default`, removed_at: null })
              .where('versions.removed_at', 'is not', null),
          )
          .execute();
        const kept = await standing(transaction).where('versions.id', '=', row.id).executeTakeFirstOrThrow();
        if (kept.modelId !== row.modelId) throw new VersionElsewhere(row.id, `${kept.owner}/${kept.name}`);
        return kept;
      }),

    version: prepared(connection, 'version', (id: string) => standing().where('versions.id', '=', id)),

    latestVersion: prepared(connection, 'latest_version', (owner: string, name: string) =>
      standing()
        .where('models.owner', '=', owner)
        .where('models.name', '=', name)
        .where('models.removed_at', 'is', null)
        .orderBy('versions.seq', 'desc')
        .limit(1),
    ),

    versions: (modelId, page) =>
      keysetPage(
        standing().where('versions.model_id', '=', modelId),
        // Removed ones keep their place, for the pages that end with one.
        {
          by: sql.ref('versions.seq'),
          at: (id: string) => sql`(select seq from versions as last where last.id = ${id})`,
        },
        page,
      ),

    removeVersion: (id) =>
      db.transaction().execute(async (transaction) => {
        // Nothing is deployed on it from here on: who deploys takes a lock on it too.
        const version = await transaction
          .selectFrom('versions')
          .innerJoin('models', 'models.id', 'versions.model_id')
          .select(['versions.id', 'models.owner'])
          .where('versions.id', '=', id)
          .where('versions.removed_at', 'is', null)
          .forUpdate('versions')
          .executeTakeFirst();
        if (!version) return null;
        const use = await useOf(transaction, version);
        if (use) return use;
        await transaction
          .updateTable('versions')
          .set({ removed_at: at(now()) })
          .where('id', '=', id)
          .execute();
        await transaction
          .updateTable('deployments')
          .set({ removed_at: at(now()) })
          .where('version_id', '=', id)
          .where('implicit', '=', true)
          .where('removed_at', 'is', null)
          .execute();
        return 'removed';
      }),
  };
}

async function useOf(db: Database, { id, owner }: { id: string; owner: string }): Promise<VersionUse | null> {
  const deployment = await db
    .selectFrom('deployments')
    .select(['owner', 'name'])
    .where('version_id', '=', id)
    .where('implicit', '=', false)
    .where('removed_at', 'is', null)
    .executeTakeFirst();
  if (deployment) return { kind: 'deployment', name: `${deployment.owner}/${deployment.name}` };
  const trained = await db
    .selectFrom('versions')
    .innerJoin('models', 'models.id', 'versions.model_id')
    .select(['models.owner', 'models.name'])
    .where('versions.base_version_id', '=', id)
    .where('versions.removed_at', 'is', null)
    .where('models.owner', '<>', owner)
    .executeTakeFirst();
  if (trained) return { kind: 'training', model: `${trained.owner}/${trained.name}` };
  const { unfinished } = await db
    .selectFrom('predictions')
    .select(sql<number>`count(*)`.as('unfinished'))
    .where('version_id', '=', id)
    .where('status', 'in', ['starting', 'processing'])
    .executeTakeFirstOrThrow();
  return unfinished > 0 ? { kind: 'predictions', unfinished } : null;
}
