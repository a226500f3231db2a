import { modelBodySchema, modelSchema, pageQuerySchema, pageOf as pageSchema } from '@hearth/contract';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { checkHardware } from '../hardware.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, mayChange, mayUse } from '../plugins/auth.ts';
import { notFound, Problem } from '../problem.ts';
import { wireModel } from '../wire.ts';

const tags = ['models'];

export function modelRoutes(app: App, { deps, urls, targets }: Context): void {
  const { models } = deps.store;

  app.post(
    '/models',
    { schema: { tags, body: modelBodySchema, response: { 201: modelSchema } } },
    async (request, reply) => {
      const { owner, name, visibility, hardware, ...rest } = request.body;
      if (!mayChange(callerOf(request), { owner })) {
        throw new Problem('forbidden', `You may make models under your own name only, not under ${owner}.`);
      }
      await checkHardware(deps.store, hardware);
      const made = await models.insert({
        owner,
        name,
        visibility,
        hardwareSku: hardware,
        description: rest.description ?? null,
        githubUrl: rest.github_url ?? null,
        paperUrl: rest.paper_url ?? null,
        licenseUrl: rest.license_url ?? null,
        coverImageUrl: rest.cover_image_url ?? null,
      });
      if (made === 'taken') throw new Problem('name-taken', `There is a model ${owner}/${name} already.`);
      targets.forget();
      reply.code(201);
      return wireModel({ ...made, runCount: 0, latestVersion: null }, urls);
    },
  );

  app.get(
    '/models',
    { schema: { tags, querystring: pageQuerySchema, response: { 200: pageSchema(modelSchema) } } },
    async (request) => {
      const caller = callerOf(request);
      const rows = await models.list(pageOf(request.query.cursor));
      const toItem = (row: (typeof rows)[number]) => (mayUse(caller, row) ? wireModel(row, urls) : null);
      return answerPage(rows, toItem, { urls, path: '/models' });
    },
  );

  app.get(
    '/models/:owner/:name',
    { schema: { tags, params: z.object({ owner: z.string(), name: z.string() }), response: { 200: modelSchema } } },
    async (request) => {
      const { owner, name } = request.params;
      const row = await models.describe(owner, name);
      if (row === null || !mayUse(callerOf(request), row)) throw notFound(`Model ${owner}/${name}`);
      return wireModel(row, urls);
    },
  );
}
