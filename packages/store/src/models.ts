import { newId } from '@hearth/kit';
import { sql } from 'kysely';
import type { Connection, Database } from './database.ts';
import { prepared } from './prepared.ts';
import type { ModelRow, Models, Page, VersionRow } from './store.ts';
import { at, json } from './values.ts';

const MODEL = [
  'models.id',
  'models.owner',
  'models.name',
  'models.description',
  'models.visibility',
  'models.hardware_sku as hardwareSku',
  'models.github_url as githubUrl',
  'models.paper_url as paperUrl',
  'models.license_url as licenseUrl',
  'models.cover_image_url as coverImageUrl',
  'models.created_at as createdAt',
] as const;
const VERSION = [
  'versions.id',
  'versions.model_id as modelId',
  'models.owner',
  'models.name',
  'versions.source',
  'versions.runtime',
  'versions.openapi_schema as openapiSchema',
  'versions.cog_version as cogVersion',
  'versions.slots',
  'versions.created_at as createdAt',
] as const;

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

export function createModels(connection: Connection, now: () => number): Models {
  const { db } = connection;
  const versions = () =>
    db.selectFrom('versions').innerJoin('models', 'models.id', 'versions.model_id').select(VERSION);

  return {
    async insert(model) {
      const createdAt = now();
      const made = await db
        .insertInto('models')
        .values({
          id: newId(createdAt),
          owner: model.owner,
          name: model.name,
          description: model.description,
          visibility: model.visibility,
          hardware_sku: model.hardwareSku,
          github_url: model.githubUrl,
          paper_url: model.paperUrl,
          license_url: model.licenseUrl,
          cover_image_url: model.coverImageUrl,
          created_at: at(createdAt),
        })
        .onConflict((conflict) => conflict.columns(['owner', 'name']).doNothing())
        .returning(MODEL)
        .executeTakeFirst();
      return made ?? 'taken';
    },

    byName: prepared(connection, 'model', (owner: string, name: string) =>
      db.selectFrom('models').select(MODEL).where('owner', '=', owner).where('name', '=', name),
    ),

    async list({ accountUsername, before, limit }) {
      let query = described(db).orderBy('models.id', 'desc').limit(limit);
      if (accountUsername !== undefined) query = query.where('models.owner', '=', accountUsername);
      if (before !== undefined) query = query.where('models.id', '<', before);
      return (await query.execute()).map(withVersion);
    },

    async describe(owner, name) {
      const query = described(db).where('models.owner', '=', owner).where('models.name', '=', name);
      const row = await query.executeTakeFirst();
      return row ? withVersion(row) : null;
    },

    async insertVersion(row) {
      await db
        .insertInto('versions')
        .values({
          id: row.id,
          model_id: row.modelId,
          source: json(row.source),
          runtime: row.runtime,
          openapi_schema: json(row.openapiSchema),
          cog_version: row.cogVersion,
          slots: row.slots,
          created_at: at(now()),
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
      const standing = await versions().where('versions.id', '=', row.id).executeTakeFirstOrThrow();
      if (standing.modelId !== row.modelId) throw new VersionElsewhere(row.id, `${standing.owner}/${standing.name}`);
      return standing;
    },

    version: prepared(connection, 'version', (id: string) => versions().where('versions.id', '=', id)),

    latestVersion: prepared(connection, 'latest_version', (owner: string, name: string) =>
      versions()
        .where('models.owner', '=', owner)
        .where('models.name', '=', name)
        .orderBy('versions.seq', 'desc')
        .limit(1),
    ),

    versions(modelId, { before, limit }: Page): Promise<VersionRow[]> {
      let query = versions().where('versions.model_id', '=', modelId).orderBy('versions.seq', 'desc').limit(limit);
      if (before !== undefined)
        query = query.where('versions.seq', '<', (last) =>
          last.selectFrom('versions as last').select('last.seq').where('last.id', '=', before),
        );
      return query.execute();
    },
  };
}

/** Each model with how often it ran and its newest version. */
function described(db: Database) {
  return db
    .selectFrom('models')
    .leftJoinLateral(
      (newest) =>
        newest
          .selectFrom('versions')
          .selectAll()
          .whereRef('versions.model_id', '=', 'models.id')
          .orderBy('versions.seq', 'desc')
          .limit(1)
          .as('newest'),
      (join) => join.onTrue(),
    )
    .select(MODEL)
    .select([
      'newest.id as versionId',
      'newest.source',
      'newest.runtime',
      'newest.openapi_schema as openapiSchema',
      'newest.cog_version as cogVersion',
      'newest.slots',
      'newest.created_at as versionCreatedAt',
    ])
    .select((runs) =>
      runs
        .selectFrom('predictions')
        .select(sql<number>`count(*)`.as('count'))
        .where('predictions.model', '=', sql<string>`models.owner || '/' || models.name`)
        .as('runCount'),
    );
}

type Described = Awaited<ReturnType<ReturnType<typeof described>['execute']>>[number];

function withVersion(row: Described): ModelRow & { runCount: number; latestVersion: VersionRow | null } {
  const { versionId, source, runtime, openapiSchema, cogVersion, slots, versionCreatedAt, runCount, ...model } = row;
  const has =
    versionId !== null &&
    source !== null &&
    runtime !== null &&
    openapiSchema !== null &&
    cogVersion !== null &&
    slots !== null &&
    versionCreatedAt !== null;
  return {
    ...model,
    runCount: runCount ?? 0,
    latestVersion: has
      ? {
          id: versionId,
          modelId: model.id,
          owner: model.owner,
          name: model.name,
          source,
          runtime,
          openapiSchema,
          cogVersion,
          slots,
          createdAt: versionCreatedAt,
        }
      : null,
  };
}
