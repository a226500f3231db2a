import {
  type ModelPatch,
  modelBodySchema,
  modelListQuerySchema,
  modelPatchSchema,
  modelSchema,
  pageOf as pageSchema,
  type WireModel,
} from '@hearth/contract';
import type { ModelChange, ModelRow, ModelUse } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { changed } from '../deployment-access.ts';
import { fitExample } from '../examples.ts';
import { checkHardware } from '../hardware.ts';
import { changeableModel, visibleModel } from '../model-access.ts';
import { answerModels } from '../model-page.ts';
import { callerOf, type Identity, mayChange, mayUse } from '../plugins/auth.ts';
import { notFound, Problem } from '../problem.ts';
import { wireModel } from '../wire.ts';

const tags = ['models'];
const params = z.object({ owner: z.string(), name: z.string() });

/** Models: made, listed, read, changed and deleted. Contract §1.9. */
export function modelRoutes(app: App, context: Context): void {
  readRoutes(app, context);
  writeRoutes(app, context);
}

function readRoutes(app: App, context: Context): void {
  const { deps, urls } = context;
  const { models } = deps.store;

  app.get(
    '/models',
    {
      config: { needs: 'read' },
      schema: { tags, querystring: modelListQuerySchema, response: { 200: pageSchema(modelSchema) } },
    },
    async (request) => answerModels(context, callerOf(request), request.query),
  );

  app.get(
    '/models/:owner/:name',
    { config: { needs: 'read' }, schema: { tags, params, response: { 200: modelSchema } } },
    async (request) => {
      const { owner, name } = request.params;
      const row = await models.describe(owner, name);
      if (row === null || !mayUse(callerOf(request), row)) throw notFound(`Model ${owner}/${name}`);
      return wireModel(row, urls);
    },
  );

  app.get(
    '/models/:owner/:name/readme',
    { config: { needs: 'read' }, schema: { tags, params } },
    async (request, reply) => {
      const model = await visibleModel(context, request.params, callerOf(request));
      const readme = await models.readme(model.id);
      if (readme === null) throw notFound(`A readme of ${model.owner}/${model.name}`);
      return reply.type('text/plain; charset=utf-8').send(readme);
    },
  );
}

function writeRoutes(app: App, context: Context): void {
  const { deps, urls, targets } = context;
  const { models } = deps.store;

  app.post(
    '/models',
    {
      config: { needs: 'deploy', audit: 'models.create' },
      schema: { tags, body: modelBodySchema, response: { 201: modelSchema } },
    },
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
      const wire = wireModel(
        { ...made, runCount: 0, latestVersion: null, defaultExample: null, typicalRun: null },
        urls,
      );
      noteChange(request, { subject: `${owner}/${name}`, owner, after: factsOf(wire) });
      return wire;
    },
  );

  app.patch(
    '/models/:owner/:name',
    {
      config: { needs: 'deploy', audit: 'models.update' },
      schema: { tags, params, body: modelPatchSchema, response: { 200: modelSchema } },
    },
    async (request) => {
      const caller = callerOf(request);
      const model = await changeableModel(context, request.params, caller);
      const subject = `${model.owner}/${model.name}`;
      const described = async () => {
        const row = await models.describe(model.owner, model.name);
        if (row === null) throw notFound(`Model ${subject}`);
        return { wire: wireModel(row, urls), readme: await models.readme(model.id) };
      };
      const before = await described();
      await change(context, model, request.body, caller);
      const after = await described();
      noteChange(request, {
        subject,
        owner: model.owner,
        before: { ...factsOf(before.wire), readme: before.readme },
        after: { ...factsOf(after.wire), readme: after.readme },
      });
      return after.wire;
    },
  );

  app.delete(
    '/models/:owner/:name',
    { config: { needs: 'deploy', audit: 'models.remove' }, schema: { tags, params } },
    async (request, reply) => {
      const model = await changeableModel(context, request.params, callerOf(request));
      const named = `${model.owner}/${model.name}`;
      const removed = await models.remove(model.id);
      if (removed === null) throw notFound(`Model ${named}`);
      if (removed !== 'removed') throw new Problem('model-in-use', `${named} ${WHY_KEPT[removed]}`);
      noteChange(request, { subject: named, owner: model.owner, before: { visibility: model.visibility } });
      changed(context);
      return reply.code(204).send();
    },
  );
}

/** What its owner says of a model, for the audit log. */
const factsOf = (wire: WireModel) => ({
  description: wire.description,
  visibility: wire.visibility,
  hardware: wire.hardware,
  github_url: wire.github_url,
  paper_url: wire.paper_url,
  license_url: wire.license_url,
  weights_url: wire.weights_url,
  cover_image_url: wire.cover_image_url,
  default_example: wire.default_example?.id ?? null,
});

const WHY_KEPT: Record<ModelUse, string> = {
  public: 'is public; only private models can be deleted. Make it private first.',
  versions: 'has versions. Delete them first.',
  imports: 'has a version on its way in. Wait for it, then delete that.',
  trainings: 'is the destination of an unfinished training. Cancel it or wait for it.',
};

async function change(context: Context, model: ModelRow, patch: ModelPatch, caller: Identity): Promise<void> {
  const { models, examples, deployments } = context.deps.store;
  const { default_example: example, hardware } = patch;
  if (hardware !== undefined) await checkHardware(context.deps.store, hardware);
  const shown = typeof example === 'string' ? await fitExample(context, model, example, caller) : null;
  await models.update(model.id, changeOf(patch));
  if (example === null) await examples.clearDefault(model.id);
  if (shown !== null) await examples.pin(model.id, shown.id, { isDefault: true });
  if (hardware !== undefined) {
    // What runs without a deployment of a user's own runs on the model's hardware.
    for (const row of await deployments.implicitOf(model.id)) {
      if (row.hardwareSku === hardware) continue;
      await deployments.update(row.id, { hardwareSku: hardware }, { by: caller.account.username });
    }
  }
  changed(context);
}

/** Only what the patch names. */
function changeOf(patch: ModelPatch): ModelChange {
  return {
    ...(patch.description !== undefined && { description: patch.description }),
    ...(patch.readme !== undefined && { readme: patch.readme }),
    ...(patch.visibility !== undefined && { visibility: patch.visibility }),
    ...(patch.hardware !== undefined && { hardwareSku: patch.hardware }),
    ...(patch.github_url !== undefined && { githubUrl: patch.github_url }),
    ...(patch.paper_url !== undefined && { paperUrl: patch.paper_url }),
    ...(patch.license_url !== undefined && { licenseUrl: patch.license_url }),
    ...(patch.weights_url !== undefined && { weightsUrl: patch.weights_url }),
    ...(patch.cover_image_url !== undefined && { coverImageUrl: patch.cover_image_url }),
  };
}
