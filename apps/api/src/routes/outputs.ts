import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { noFile } from '../problem.ts';
import { isCurrent, openToPages, sendFile } from '../send-file.ts';

/**
 * Files that models made. The URL is a capability: JavaScript fetches it without a token and Python with one, so a token is
 * neither asked for nor looked at, and the bytes come from here without a redirect (contract §0.12).
 */
export function outputRoutes(app: App, { deps, urls }: Context): void {
  const params = z.object({ capability: z.string(), name: z.string() });
  const path = '/outputs/:capability/:name';
  app.get(
    path,
    { config: { needs: 'nothing' }, schema: { tags: ['files'], params, security: [] }, ...openToPages(app, path) },
    async (request, reply) => {
      const id = urls.outputOf(request.params.capability);
      const file = id === null ? null : await deps.store.files.get(id);
      if (!isCurrent(file, 'output', deps.now())) throw noFile();
      return sendFile(request, reply, file, deps.blobs);
    },
  );
}
