import { Readable } from 'node:stream';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { readPosition, streamBody } from '../predictions/stream.ts';
import { notFound } from '../problem.ts';

/** Server-sent events of one prediction. The URL is a capability, so no token is asked for. Contract §2. */
export function streamRoutes(app: App, context: Context): void {
  const { deps, urls, hub, closing } = context;
  const params = z.object({ capability: z.string() });

  app.get(
    '/streams/:capability',
    { schema: { tags: ['predictions'], params, security: [] } },
    async (request, reply) => {
      const id = urls.streamOf(request.params.capability);
      const row = id === null ? null : await deps.store.predictions.get(id);
      if (row === null) throw notFound('The stream');
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const lastEventId = request.headers['last-event-id'];
      const body = streamBody(row.id, readPosition([lastEventId ?? ''].flat()[0]), {
        store: deps.store,
        hub,
        signal: AbortSignal.any([closing, gone.signal]),
      });
      return reply
        .headers({
          'content-type': 'text/event-stream',
          'cache-control': 'no-store',
          'access-control-allow-origin': '*',
          // Proxies would hold events back to fill their buffers.
          'x-accel-buffering': 'no',
          // A connection that idles after its stream would keep a closing server waiting.
          connection: 'close',
        })
        .send(Readable.from(body));
    },
  );
}
