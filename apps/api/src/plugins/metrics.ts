import type { Metrics } from '@hearth/kit';
import type { FastifyInstance } from 'fastify';

const BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Counts and times every request by route, so that ids in paths make no new series. */
export function installMetrics(app: FastifyInstance, metrics: Metrics): void {
  const seconds = metrics.histogram('hearth_http_request_seconds', 'Time to answer a request.', BUCKETS_SECONDS, [
    'method',
    'route',
    'status',
  ]);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    seconds.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}
