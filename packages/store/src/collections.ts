import { newId } from '@hearth/kit';
import { sql } from 'kysely';
import type { Database } from './database.ts';
import { byId, keysetPage } from './keyset.ts';
import type { Collections, Models } from './store.ts';
import { at } from './values.ts';

const COLLECTION = [
  'collections.id',
  'collections.slug',
  'collections.name',
  'collections.description',
  'collections.full_description as fullDescription',
  'collections.created_at as createdAt',
] as const;

export function createCollections(db: Database, models: Models, now: () => number): Collections {
  const collections = () => db.selectFrom('collections').select(COLLECTION);

  return {
    list: (page) => keysetPage(collections(), byId('collections.id'), page),

    async bySlug(slug) {
      return (await collections().where('slug', '=', slug).executeTakeFirst()) ?? null;
    },

    async models(id, viewer) {
      const members = await db
        .selectFrom('collection_models')
        .select('model_id as modelId')
        .where('collection_id', '=', id)
        .orderBy('place')
        .execute();
      return models.byIds(
        members.map(({ modelId }) => modelId),
        viewer,
      );
    },

    put: ({ slug, name, description, fullDescription, modelIds }) =>
      db.transaction().execute(async (transaction) => {
        const values = { name, description, full_description: fullDescription };
        const kept = await transaction
          .insertInto('collections')
          .values({ id: newId(now()), slug, ...values, created_at: at(now()) })
          .onConflict((conflict) => conflict.column('slug').doUpdateSet(values))
          .returning(COLLECTION)
          .executeTakeFirstOrThrow();
        await transaction.deleteFrom('collection_models').where('collection_id', '=', kept.id).execute();
        const members = modelIds.map((id, place) => ({ collection_id: kept.id, model_id: id, place }));
        if (members.length > 0) await transaction.insertInto('collection_models').values(members).execute();
        return kept;
      }),

    async remove(slug) {
      const { numDeletedRows } = await db.deleteFrom('collections').where('slug', '=', slug).executeTakeFirst();
      return numDeletedRows > 0n;
    },

    async slugsOf(modelIds) {
      if (modelIds.length === 0) return new Map();
      const rows = await db
        .selectFrom('collection_models')
        .innerJoin('collections', 'collections.id', 'collection_models.collection_id')
        .select(['model_id as modelId', 'slug'])
        .where('model_id', 'in', modelIds)
        .orderBy('slug')
        .execute();
      const slugs = Map.groupBy(rows, ({ modelId }) => modelId);
      return new Map([...slugs].map(([modelId, found]) => [modelId, found.map(({ slug }) => slug)]));
    },

    search(text, limit) {
      const has = sql<boolean>`position(lower(${text}) in lower(name || ' ' || slug || ' ' || description)) > 0`;
      return collections().where(has).orderBy('slug').limit(limit).execute();
    },
  };
}
