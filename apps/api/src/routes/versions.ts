import { isAbsolute } from 'node:path';
import {
  IMAGE_REFERENCE,
  pageQuerySchema,
  pageOf as pageSchema,
  versionBodySchema,
  versionSchema,
} from '@hearth/contract';
import type { ModelRow } from '@hearth/store';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity, mayChange, mayUse } from '../plugins/auth.ts';
import { invalidField, notFound, Problem } from '../problem.ts';
import { importVersion, sourceOf } from '../versions-import.ts';
import { wireVersion } from '../wire.ts';

const tags = ['models'];
const SIGN_OF_LIFE_MS = 30_000;
const params = z.object({ owner: z.string(), name: z.string() });

export function versionRoutes(app: App, context: Context): void {
  const { deps, urls, targets } = context;
  const { models } = deps.store;

  async function visible(owner: string, name: string, caller: Identity): Promise<ModelRow> {
    const model = await targets.model(owner, name);
    if (model === null || !mayUse(caller, model)) throw notFound(`Model ${owner}/${name}`);
    return model;
  }

  app.get(
    '/models/:owner/:name/versions',
    { schema: { tags, params, querystring: pageQuerySchema, response: { 200: pageSchema(versionSchema) } } },
    async (request) => {
      const { owner, name } = request.params;
      const model = await visible(owner, name, callerOf(request));
      const rows = await models.versions(model.id, pageOf(request.query.cursor));
      return answerPage(rows, wireVersion, { urls, path: `/models/${owner}/${name}/versions` });
    },
  );

  app.get(
    '/models/:owner/:name/versions/:id',
    { schema: { tags, params: params.extend({ id: z.string() }), response: { 200: versionSchema } } },
    async (request) => {
      const { owner, name, id } = request.params;
      const model = await visible(owner, name, callerOf(request));
      const version = await models.version(id);
      if (version === null || version.modelId !== model.id) throw notFound(`Version ${id} of ${owner}/${name}`);
      return wireVersion(version);
    },
  );

  /** Ours: adds a version from an image, or from a folder of a host. Answers when it was looked at. */
  app.post(
    '/models/:owner/:name/versions',
    { schema: { tags, params, body: versionBodySchema, response: { 201: versionSchema } } },
    async (request, reply) => {
      const { owner, name } = request.params;
      const caller = callerOf(request);
      const model = await visible(owner, name, caller);
      if (!mayChange(caller, model)) throw new Problem('forbidden', `${owner}/${name} belongs to another account.`);
      const source = sourceOf(request.body);
      if (source.kind === 'path') await checkFolder(context, caller, source.path);
      else checkImage(source.image);
      // Clients give up on an answer that does not begin within minutes; an interim response counts as a sign of life.
      const signs = setInterval(() => reply.raw.writeProcessing(), SIGN_OF_LIFE_MS);
      try {
        const version = await importVersion(context, model, source);
        reply.code(201);
        return wireVersion(version);
      } finally {
        clearInterval(signs);
      }
    },
  );
}

function checkImage(image: string): void {
  if (IMAGE_REFERENCE.test(image)) return;
  const example = 'ghcr.io/ada/ocr:1 or ghcr.io/ada/ocr@sha256:<64 hex digits>';
  throw invalidField('image', 'format', `${JSON.stringify(image)} is not the name of an image, such as ${example}`);
}

/** A folder's command runs on the host as the host's user, so only those who run the platform may name one. */
async function checkFolder({ deps }: Context, caller: Identity, path: string): Promise<void> {
  if (caller.role !== 'admin') throw new Problem('forbidden', "A version from a folder needs an admin's token.");
  if (!isAbsolute(path))
    throw invalidField('path', 'format', `${JSON.stringify(path)} must be an absolute path on the host`);
  const hosts = await deps.store.hosts.list();
  if (hosts.some((host) => host.runtimes.includes('process'))) return;
  const notes = hosts.map((host) => `${host.name}: ${host.runtimeNotes.process ?? 'not said why'}`);
  const why = notes.length > 0 ? notes.join('; ') : 'no host is known yet; see that a scheduler runs';
  throw new Problem('no-process-runtime', `No host runs versions as processes (${why}).`);
}
