import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { notFound } from '../problem.ts';
import { sendFile } from '../send-file.ts';

/**
 * Files that models made. The URL is a capability: JavaScript fetches it without a token and Python with one, so a token is
 * neither asked for nor looked at, and the bytes come from here without a redirect (contract §0.12).
 */
export function outputRoutes(app: App, { deps, urls }: Context): void {
  const params = z.object({ capability: z.string(), name: z.string() });
  app.get(
    '/outputs/:capability/:name',
    { schema: { tags: ['files'], params, security: [] } },
    async (request, reply) => {
      const id = urls.outputOf(request.params.capability);
      const file = id === null ? null : await deps.store.files.get(id);
      if (file === null || file.kind !== 'output') throw notFound('File');
      return sendFile(request, reply, file, deps.blobs);
    },
  );
}
