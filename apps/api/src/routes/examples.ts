import { exampleBodySchema, pageQuerySchema, pageOf as pageSchema, predictionSchema } from '@hearth/contract';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { fitExample } from '../examples.ts';
import { changeableModel, visibleModel } from '../model-access.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf } from '../plugins/auth.ts';
import { notFound } from '../problem.ts';
import { wireExample } from '../wire.ts';

const tags = ['models'];
const params = z.object({ owner: z.string(), name: z.string() });

/** Predictions that a model's owner shows; their data is kept. Reading is Replicate's, pinning is ours. */
export function exampleRoutes(app: App, context: Context): void {
  const { deps, urls } = context;
  const { examples } = deps.store;

  app.get(
    '/models/:owner/:name/examples',
    {
      config: { needs: 'read' },
      schema: { tags, params, querystring: pageQuerySchema, response: { 200: pageSchema(predictionSchema) } },
    },
    async (request) => {
      const model = await visibleModel(context, request.params, callerOf(request));
      const page = pageOf(request.query.cursor);
      const path = `/models/${model.owner}/${model.name}/examples`;
      return answerPage(await examples.list(model.id, page), (row) => wireExample(row, urls), { urls, path, page });
    },
  );

  app.post(
    '/models/:owner/:name/examples',
    {
      config: { needs: 'deploy', audit: 'examples.pin' },
      schema: { tags, params, body: exampleBodySchema, response: { 201: predictionSchema } },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const model = await changeableModel(context, request.params, caller);
      const row = await fitExample(context, model, request.body.prediction, caller);
      await examples.pin(model.id, row.id, { isDefault: request.body.default ?? false });
      noteChange(request, { subject: `${model.owner}/${model.name}`, owner: model.owner, after: { example: row.id } });
      reply.code(201);
      return wireExample(row, urls);
    },
  );

  app.delete(
    '/models/:owner/:name/examples/:id',
    {
      config: { needs: 'deploy', audit: 'examples.unpin' },
      schema: { tags, params: params.extend({ id: z.string() }) },
    },
    async (request, reply) => {
      const { id, ...named } = request.params;
      const model = await changeableModel(context, named, callerOf(request));
      if (!(await examples.unpin(model.id, id))) throw notFound(`Example ${id} of ${model.owner}/${model.name}`);
      noteChange(request, { subject: `${model.owner}/${model.name}`, owner: model.owner, before: { example: id } });
      return reply.code(204).send();
    },
  );
}
