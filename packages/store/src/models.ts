import { newId } from '@hearth/kit';
import { sql } from 'kysely';
import type { Connection, Database } from './database.ts';
import { completed, describedModels, NEWEST_VERSION_AT } from './describe.ts';
import { keysetPage } from './keyset.ts';
import { MODEL } from './model-columns.ts';
import { searchModels } from './model-search.ts';
import { prepared } from './prepared.ts';
import type { ModelChange, Models, ModelUse } from './store.ts';
import { at, instant } from './values.ts';
import { createVersions } from './versions.ts';

export function createModels(connection: Connection, now: () => number): Models {
  const { db } = connection;

  return {
    ...createVersions(connection, now),

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
          // The runs of a removed model of the same name are not its own.
          runs_until: newId(createdAt - 1),
          created_at: at(createdAt),
        })
        .onConflict((conflict) => conflict.columns(['owner', 'name']).where('removed_at', 'is', null).doNothing())
        .returning(MODEL)
        .executeTakeFirst();
      return made ?? 'taken';
    },

    byName: prepared(connection, 'model', (owner: string, name: string) =>
      db
        .selectFrom('models')
        .select(MODEL)
        .where('owner', '=', owner)
        .where('name', '=', name)
        .where('removed_at', 'is', null),
    ),

    async list({ viewer, accountUsername, sortBy = 'latest_version_created_at', direction = 'desc', ...page }) {
      const sortedAt = sortBy === 'model_created_at' ? sql<number>`models.created_at` : NEWEST_VERSION_AT;
      let query = describedModels(db, viewer, sortedAt);
      if (accountUsername !== undefined) query = query.where('models.owner', '=', accountUsername);
      const order = {
        by: sql`(${sortedAt}, models.id)`,
        at: (place: { at: number; id: string }) => sql`(${instant(place.at)}, ${place.id})`,
        direction,
      };
      const rows = await completed(db, await keysetPage(query, order, page), now());
      return rows.map(({ model, mark }) => ({ ...model, place: { at: mark, id: model.id } }));
    },

    async byIds(ids, viewer) {
      if (ids.length === 0) return [];
      const rows = await describedModels(db, viewer).where('models.id', 'in', ids).execute();
      const models = new Map((await completed(db, rows, now())).map(({ model }) => [model.id, model]));
      return ids.flatMap((id) => models.get(id) ?? []);
    },

    async describe(owner, name) {
      const named = describedModels(db, undefined).where('models.owner', '=', owner).where('models.name', '=', name);
      const [found] = await completed(db, await named.execute(), now());
      return found?.model ?? null;
    },

    async readme(id) {
      const row = await db.selectFrom('models').select('readme').where('id', '=', id).executeTakeFirst();
      return row?.readme ?? null;
    },

    async update(id, change) {
      const updated = db
        .updateTable('models')
        // An update without a change is one too, so that it answers the row.
        .set({ id, ...changedColumns(change) })
        .where('id', '=', id)
        .where('removed_at', 'is', null)
        .returning(MODEL);
      return (await updated.executeTakeFirst()) ?? null;
    },

    remove: (id) =>
      db.transaction().execute(async (transaction) => {
        // Nothing comes to it from here on: whoever adds a version takes a lock on it too.
        const model = await transaction
          .selectFrom('models')
          .select(MODEL)
          .where('id', '=', id)
          .where('removed_at', 'is', null)
          .forUpdate()
          .executeTakeFirst();
        if (!model) return null;
        if (model.visibility === 'public') return 'public';
        const use = await useOf(transaction, model);
        if (use) return use;
        await transaction
          .updateTable('models')
          .set({ removed_at: at(now()) })
          .where('id', '=', id)
          .execute();
        await transaction.deleteFrom('model_examples').where('model_id', '=', id).execute();
        return 'removed';
      }),

    search: (query) => searchModels(db, query, now()),
  };
}

/** Only what the change names. */
function changedColumns(change: ModelChange) {
  return {
    ...(change.description !== undefined && { description: change.description }),
    ...(change.readme !== undefined && { readme: change.readme }),
    ...(change.visibility !== undefined && { visibility: change.visibility }),
    ...(change.hardwareSku !== undefined && { hardware_sku: change.hardwareSku }),
    ...(change.githubUrl !== undefined && { github_url: change.githubUrl }),
    ...(change.paperUrl !== undefined && { paper_url: change.paperUrl }),
    ...(change.licenseUrl !== undefined && { license_url: change.licenseUrl }),
    ...(change.weightsUrl !== undefined && { weights_url: change.weightsUrl }),
    ...(change.coverImageUrl !== undefined && { cover_image_url: change.coverImageUrl }),
  };
}

async function useOf(db: Database, model: { id: string; owner: string; name: string }): Promise<ModelUse | null> {
  const { versions, imports, trainings } = await db
    .selectNoFrom((eb) => [
      eb
        .exists(eb.selectFrom('versions').select('id').where('model_id', '=', model.id).where('removed_at', 'is', null))
        .as('versions'),
      eb
        .exists(eb.selectFrom('imports').select('id').where('model_id', '=', model.id).where('state', '=', 'requested'))
        .as('imports'),
      eb
        .exists(
          eb
            .selectFrom('predictions')
            .select('id')
            .where('destination', '=', `${model.owner}/${model.name}`)
            .where('status', 'in', ['starting', 'processing']),
        )
        .as('trainings'),
    ])
    .executeTakeFirstOrThrow();
  if (versions) return 'versions';
  if (imports) return 'imports';
  return trainings ? 'trainings' : null;
}
