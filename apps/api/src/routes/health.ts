import type { FastifyRequest } from 'fastify';
import type { App, Context } from '../context.ts';
import { callerOf, requireIdentity, requireOperator } from '../plugins/auth.ts';

/** A store or queue that is silent for this long does not answer. */
const PING_MS = 2_000;

/** For load balancers and Prometheus. */
export function healthRoutes(app: App, { deps, auth, guesses }: Context): void {
  app.get(
    '/health',
    { config: { needs: 'nothing' }, schema: { tags: ['health'], security: [] } },
    async (_request, reply) => {
      const [store, queue] = await Promise.all([answers(deps.store.ping()), answers(deps.queues.ping())]);
      const healthy = store && queue;
      const word = (ok: boolean) => (ok ? 'ok' : 'no answer');
      return reply.code(healthy ? 200 : 503).send({ status: word(healthy), store: word(store), queue: word(queue) });
    },
  );

  app.get('/metrics', { config: { needs: 'nothing' }, schema: { hide: true } }, async (request, reply) => {
    if (!isLocal(request)) {
      await auth.identify(request);
      await guesses.check(request);
      requireIdentity(request);
      requireOperator(callerOf(request));
    }
    return reply.type(deps.metrics.contentType).send(await deps.metrics.text());
  });
}

/** From this machine and through no proxy. */
const isLocal = ({ socket, headers }: FastifyRequest): boolean =>
  ['127.0.0.1', '::1', '::ffff:127.0.0.1'].includes(socket.remoteAddress ?? '') &&
  headers['x-forwarded-for'] === undefined;

async function answers(ping: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const silent = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_MS);
  });
  const answered = ping.then(
    () => true,
    () => false,
  );
  const ok = await Promise.race([answered, silent]);
  clearTimeout(timer);
  return ok;
}
