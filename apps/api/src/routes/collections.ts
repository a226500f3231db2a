import {
  collectionBodySchema,
  collectionItemSchema,
  collectionSchema,
  pageQuerySchema,
  pageOf as pageSchema,
  slugSchema,
  type WireCollection,
} from '@hearth/contract';
import type { CollectionRow } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity, viewerOf } from '../plugins/auth.ts';
import { invalidField, notFound } from '../problem.ts';
import { wireCollectionItem, wireModel } from '../wire.ts';

const tags = ['collections'];
const params = z.object({ slug: z.string() });

/** Models that belong together. Reading is Replicate's, contract §1.12; making them is ours, for admins. */
export function collectionRoutes(app: App, context: Context): void {
  const { deps, urls } = context;
  const { collections } = deps.store;

  const toWire = async (row: CollectionRow, caller: Identity): Promise<WireCollection> => {
    const models = await collections.models(row.id, viewerOf(caller));
    return {
      ...wireCollectionItem(row),
      full_description: row.fullDescription,
      models: models.map((model) => wireModel(model, urls)),
    };
  };

  /** For the audit log; null: there is no such collection. */
  const contentOf = async (slug: string) => {
    const row = await collections.bySlug(slug);
    if (row === null) return null;
    const { name, description, fullDescription: full_description, id } = row;
    const models = (await collections.models(id)).map((model) => `${model.owner}/${model.name}`);
    return { name, description, full_description, models };
  };

  app.get(
    '/collections',
    {
      config: { needs: 'read' },
      schema: { tags, querystring: pageQuerySchema, response: { 200: pageSchema(collectionItemSchema) } },
    },
    async (request) => {
      const page = pageOf(request.query.cursor);
      return answerPage(await collections.list(page), wireCollectionItem, { urls, path: '/collections', page });
    },
  );

  app.get(
    '/collections/:slug',
    { config: { needs: 'read' }, schema: { tags, params, response: { 200: collectionSchema } } },
    async (request) => {
      const row = await collections.bySlug(request.params.slug);
      if (row === null) throw notFound(`Collection ${request.params.slug}`);
      return toWire(row, callerOf(request));
    },
  );

  app.put(
    '/collections/:slug',
    {
      config: { needs: 'operator', audit: 'collections.put' },
      schema: {
        tags,
        params: z.object({ slug: slugSchema }),
        body: collectionBodySchema,
        response: { 200: collectionSchema },
      },
    },
    async (request) => {
      const { name, description, full_description: fullDescription = null, models } = request.body;
      const modelIds = await idsOf(context, models);
      const { slug } = request.params;
      const before = await contentOf(slug);
      const row = await collections.put({ slug, name, description, fullDescription, modelIds });
      noteChange(request, { subject: slug, owner: null, before, after: await contentOf(slug) });
      return toWire(row, callerOf(request));
    },
  );

  app.delete(
    '/collections/:slug',
    { config: { needs: 'operator', audit: 'collections.remove' }, schema: { tags, params } },
    async (request, reply) => {
      const { slug } = request.params;
      const before = await contentOf(slug);
      if (!(await collections.remove(slug))) throw notFound(`Collection ${slug}`);
      noteChange(request, { subject: slug, owner: null, before });
      return reply.code(204).send();
    },
  );
}

async function idsOf({ targets }: Context, models: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    models.map(async (reference, n) => {
      const [owner = '', name = '', ...more] = reference.split('/');
      const model = more.length > 0 ? null : await targets.model(owner, name);
      if (model === null) throw invalidField(`models.${n}`, 'enum', `${JSON.stringify(reference)} is not a model`);
      return model.id;
    }),
  );
  const twice = models.find((reference, n) => models.indexOf(reference) !== n);
  if (twice !== undefined) throw invalidField('models', 'unique', `${JSON.stringify(twice)} is there twice`);
  return found;
}
