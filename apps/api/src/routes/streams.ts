import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { App, Context } from '../context.ts';
import { EVENT_STREAM_HEADERS, EventStream } from '../event-stream.ts';
import { readPosition } from '../predictions/stream.ts';
import { notFound } from '../problem.ts';

const params = z.object({ capability: z.string() });
/** The second is where streams of files are: the JavaScript client makes file objects of what comes from there (contract §0.10). */
const PATHS = ['/streams/:capability', '/files/stream-:capability'] as const;

/** Server-sent events of one prediction. The URL is a capability, so no token is asked for. Contract §2. */
export function streamRoutes(app: App, { urls, tails, closing }: Context): void {
  const stream = async (request: FastifyRequest<{ Params: z.infer<typeof params> }>, reply: FastifyReply) => {
    reply.headers({ 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' });
    const id = urls.streamOf(request.params.capability);
    const from = readPosition([request.headers['last-event-id'] ?? ''].flat()[0]);
    const body = id === null ? null : await EventStream.open((onGrowth) => tails.open(id, onGrowth), from, closing);
    if (body === null) throw notFound('The stream');
    return reply.headers(EVENT_STREAM_HEADERS).send(body);
  };
  for (const path of PATHS) {
    // A HEAD would read the stream to its end and show nothing of it.
    const config = { needs: 'nothing' as const };
    const options = { config, schema: { tags: ['predictions'], params, security: [] }, exposeHeadRoute: false };
    app.get(path, options, stream);
    app.options(path, { config, schema: { hide: true, params } }, preflight);
  }
}

/** What a page on another origin may send: browsers ask before they send one of these (contract §2). */
const preflight = async (_request: FastifyRequest, reply: FastifyReply) =>
  reply
    .code(204)
    .headers({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET',
      'access-control-allow-headers': 'accept, authorization, cache-control, content-type, last-event-id',
      'access-control-max-age': '86400',
    })
    .send();
