import multipart from '@fastify/multipart';
import { downloadQuerySchema, fileSchema, pageQuerySchema, pageOf as pageSchema } from '@hearth/contract';
import type { FileRow } from '@hearth/store';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { answerPage, pageOf } from '../paging.ts';
import { callerOf } from '../plugins/auth.ts';
import { noFile } from '../problem.ts';
import { isCurrent, openToPages, sendFile } from '../send-file.ts';
import { multipartOptions, receiveUpload } from '../uploads.ts';
import { wireFile } from '../wire.ts';

const tags = ['files'];
const params = z.object({ id: z.string() });

/** Uploads, for their owner. Contract §4.1. */
export async function fileRoutes(app: App, { deps, urls }: Context): Promise<void> {
  const { files } = deps.store;
  await app.register(multipart, multipartOptions(deps.settings));
  const owner = (request: FastifyRequest) => callerOf(request).account.username;

  async function ownUpload(request: FastifyRequest, id: string): Promise<FileRow> {
    const row = await files.get(id);
    if (!isCurrent(row, 'upload', deps.now()) || row.accountId !== callerOf(request).account.id) throw noFile();
    return row;
  }

  app.post(
    '/files',
    { config: { needs: 'run' }, schema: { tags, consumes: ['multipart/form-data'], response: { 201: fileSchema } } },
    async (request, reply) => {
      const row = await receiveUpload(request, callerOf(request).account.id, deps);
      const stored = await files.insert(row);
      reply.code(201);
      return wireFile(stored, owner(request), urls);
    },
  );

  app.get(
    '/files',
    {
      config: { needs: 'read' },
      schema: { tags, querystring: pageQuerySchema, response: { 200: pageSchema(fileSchema) } },
    },
    async (request) => {
      const page = pageOf(request.query.cursor);
      const rows = await files.list({ ...page, accountId: callerOf(request).account.id, now: deps.now() });
      const toItem = (row: FileRow) => wireFile(row, owner(request), urls);
      return answerPage(rows, toItem, { urls, path: '/files', page });
    },
  );

  app.get(
    '/files/:id',
    { config: { needs: 'read' }, schema: { tags, params, response: { 200: fileSchema } } },
    async (request) => wireFile(await ownUpload(request, request.params.id), owner(request), urls),
  );

  app.delete('/files/:id', { config: { needs: 'run' }, schema: { tags, params } }, async (request, reply) => {
    const row = await ownUpload(request, request.params.id);
    await files.remove(row.id);
    await deps.blobs.remove(row.id);
    return reply.code(204).send();
  });
}

/** The bytes of an upload, for whoever has its signed URL. Contract §4.2: anything wrong is a 404. */
export function downloadRoutes(app: App, { deps, urls }: Context): void {
  const path = '/files/:id/download';
  app.get(
    path,
    {
      config: { needs: 'nothing' },
      schema: { tags, params, querystring: downloadQuerySchema, security: [] },
      ...openToPages(app, path),
    },
    async (request, reply) => {
      const { owner, expiry, signature } = request.query;
      if (owner === undefined || expiry === undefined || signature === undefined) throw noFile();
      if (!urls.mayDownload(request.params.id, { owner, expiry, signature })) throw noFile();
      const row = await deps.store.files.get(request.params.id);
      if (!isCurrent(row, 'upload', deps.now())) throw noFile();
      return sendFile(request, reply, row, deps.blobs);
    },
  );
}
