import { isAbsolute } from 'node:path';
import {
  IMAGE_REFERENCE,
  pageQuerySchema,
  pageOf as pageSchema,
  versionBodySchema,
  versionSchema,
} from '@hearth/contract';
import type { ModelRow, VersionRow, VersionSource, VersionUse } from '@hearth/store';
import { z } from 'zod';
import { noteChange } from '../audit/audit.ts';
import type { App, Context } from '../context.ts';
import { changed } from '../deployment-access.ts';
import { changeableModel, seesModel, visibleModel } from '../model-access.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf, type Identity } from '../plugins/auth.ts';
import { invalidField, notFound, Problem } from '../problem.ts';
import { importVersion, sourceOf } from '../versions-import.ts';
import { wireVersion } from '../wire.ts';

const tags = ['models'];
const SIGN_OF_LIFE_MS = 30_000;
const params = z.object({ owner: z.string(), name: z.string() });

export function versionRoutes(app: App, context: Context): void {
  const { deps, urls } = context;
  const { models } = deps.store;

  app.get(
    '/models/:owner/:name/versions',
    {
      config: { needs: 'read' },
      schema: { tags, params, querystring: pageQuerySchema, response: { 200: pageSchema(versionSchema) } },
    },
    async (request) => {
      const { owner, name } = request.params;
      const model = await visibleModel(context, request.params, callerOf(request));
      const page = pageOf(request.query.cursor);
      const rows = await models.versions(model.id, page);
      return answerPage(rows, wireVersion, { urls, path: `/models/${owner}/${name}/versions`, page });
    },
  );

  app.get(
    '/models/:owner/:name/versions/:id',
    {
      config: { needs: 'read' },
      schema: { tags, params: params.extend({ id: z.string() }), response: { 200: versionSchema } },
    },
    async (request) => {
      const model = await visibleModel(context, request.params, callerOf(request));
      return wireVersion(await versionOf(context, model, request.params.id));
    },
  );

  /** What runs of it is drained by the scheduler, hence 202. */
  app.delete(
    '/models/:owner/:name/versions/:id',
    {
      config: { needs: 'deploy', audit: 'versions.remove' },
      schema: { tags, params: params.extend({ id: z.string() }) },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const model = await changeableModel(context, request.params, caller);
      const version = await versionOf(context, model, request.params.id);
      const removed = await models.removeVersion(version.id);
      if (removed === null) throw noVersion(model, version.id);
      if (removed !== 'removed')
        throw new Problem('version-in-use', `${version.id} ${await whyKept(context, removed, caller)}`);
      noteChange(request, {
        subject: subjectOf(version),
        owner: version.owner,
        before: { source: sourceWords(version.source) },
      });
      changed(context);
      return reply.code(202).send();
    },
  );

  /** Ours: adds a version from an image, or from a folder of a host. Answers when it was looked at. */
  app.post(
    '/models/:owner/:name/versions',
    {
      config: { needs: 'deploy', audit: 'versions.add' },
      schema: { tags, params, body: versionBodySchema, response: { 201: versionSchema } },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const model = await changeableModel(context, request.params, caller);
      const source = sourceOf(request.body);
      if (source.kind === 'path') await checkFolder(context, caller, source.path);
      else checkImage(source.image);
      // Clients give up on an answer that does not begin within minutes; an interim response counts as a sign of life.
      const signs = setInterval(() => reply.raw.writeProcessing(), SIGN_OF_LIFE_MS);
      try {
        const version = await importVersion(context, model, source, caller);
        noteChange(request, {
          subject: subjectOf(version),
          owner: version.owner,
          after: { source: sourceWords(source) },
        });
        reply.code(201);
        return wireVersion(version);
      } finally {
        clearInterval(signs);
      }
    },
  );
}

const subjectOf = ({ owner, name, id }: VersionRow): string => `${owner}/${name}:${id}`;
/** Without the environment of a folder's command, which may hold secrets. */
const sourceWords = (source: VersionSource): string => (source.kind === 'image' ? source.image : source.path);

const noVersion = ({ owner, name }: ModelRow, id: string): Problem => notFound(`Version ${id} of ${owner}/${name}`);

async function versionOf({ deps }: Context, model: ModelRow, id: string): Promise<VersionRow> {
  const version = await deps.store.models.version(id);
  if (version === null || version.modelId !== model.id) throw noVersion(model, id);
  return version;
}

async function whyKept(context: Context, use: VersionUse, caller: Identity): Promise<string> {
  switch (use.kind) {
    case 'deployment':
      return `is what the deployment ${use.name} runs. Give that another version, or delete it.`;
    case 'training': {
      const of = (await seesModel(context, use.model, caller)) ? use.model : 'a private model';
      return `is what a version of ${of} was trained from, which belongs to another account.`;
    }
    case 'predictions':
      return `has ${use.unfinished} unfinished predictions. Cancel them or wait.`;
  }
}

function checkImage(image: string): void {
  if (IMAGE_REFERENCE.test(image)) return;
  const example = 'ghcr.io/ada/ocr:1 or ghcr.io/ada/ocr@sha256:<64 hex digits>';
  throw invalidField('image', 'format', `${JSON.stringify(image)} is not the name of an image, such as ${example}`);
}

/** A folder's command runs on the host as the host's user, so only those who run the platform may name one. */
async function checkFolder({ deps }: Context, caller: Identity, path: string): Promise<void> {
  if (!caller.operator) throw new Problem('forbidden', "A version from a folder needs an operator's token.");
  if (!isAbsolute(path))
    throw invalidField('path', 'format', `${JSON.stringify(path)} must be an absolute path on the host`);
  const hosts = await deps.store.hosts.list();
  if (hosts.some((host) => host.runtimes.includes('process'))) return;
  const notes = hosts.map((host) => `${host.name}: ${host.runtimeNotes.process ?? 'not said why'}`);
  const why = notes.length > 0 ? notes.join('; ') : 'no host is known yet; see that a scheduler runs';
  throw new Problem('no-process-runtime', `No host runs versions as processes (${why}).`);
}
