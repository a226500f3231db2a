import { modelSchema, pageOf as pageSchema, searchQuerySchema, searchSchema, searchTextSchema } from '@hearth/contract';
import type { App, Context } from '../context.ts';
import { answerModels } from '../model-page.ts';
import { callerOf, viewerOf } from '../plugins/auth.ts';
import { wireCollectionItem, wireModel } from '../wire.ts';

const tags = ['models'];
/** Of `QUERY /models`, which has one page: a next one could not be asked for with a GET. */
const MOST_FOUND = 100;

/** Search in names, descriptions and readmes; contract §1.12 and §0.14. */
export function searchRoutes(app: App, context: Context): void {
  const { deps, urls } = context;
  const { models, collections } = deps.store;

  app.get(
    '/search',
    { config: { needs: 'read' }, schema: { tags, querystring: searchQuerySchema, response: { 200: searchSchema } } },
    async (request) => {
      const { query, limit } = request.query;
      const viewer = viewerOf(callerOf(request));
      const found = await models.search({ text: query, viewer, limit });
      const tagsOf = await collections.slugsOf(found.map(({ id }) => id));
      const gathered = await collections.search(query, limit);
      return {
        query,
        models: found.map((row) => ({
          model: wireModel(row, urls),
          metadata: {
            generated_description: row.description ?? '',
            score: row.score,
            tags: [...(tagsOf.get(row.id) ?? [])],
          },
        })),
        collections: await Promise.all(
          gathered.map(async (row) => ({
            ...wireCollectionItem(row),
            models: (await collections.models(row.id, viewer)).map((model) => wireModel(model, urls)),
          })),
        ),
        pages: [],
      };
    },
  );

  // JavaScript sends the text as a JSON string, Python as it is (contract §0.14).
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.query(
    '/models',
    {
      config: { needs: 'read' },
      schema: { tags, body: searchTextSchema.nullish(), response: { 200: pageSchema(modelSchema) } },
    },
    async (request) => {
      const text = request.body?.trim() ?? '';
      const caller = callerOf(request);
      if (text === '') return answerModels(context, caller, {});
      const found = await models.search({ text, viewer: viewerOf(caller), limit: MOST_FOUND });
      return { next: null, previous: null, results: found.map((row) => wireModel(row, urls)) };
    },
  );
}
