import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Logger, Metrics } from '@hearth/kit';
import type { Store } from '@hearth/store';
import type { Runtimes } from './runtimes.ts';
import type { Scheduler } from './scheduler.ts';

export interface HttpOptions {
  /** On 127.0.0.1 only. */
  readonly port: number;
  /** A listening socket that was handed to this process, in place of the port. */
  readonly fd: number | null;
  /** Null while another leads. */
  readonly leader: () => Pick<Scheduler, 'explain'> | null;
  readonly store: Store;
  readonly runtimes: Runtimes;
  readonly exposition: Pick<Metrics, 'text' | 'contentType'>;
  readonly log: Logger;
}

const DEFAULT_TAIL = 200;
const LONGEST_TAIL = 10_000;

/**
 * For the other rooms on this machine:
 * `GET /health` → `{ status: 'leading' | 'standby' }`, `GET /metrics`,
 * `GET /instances/:id/logs?tail=N` → the last N lines (1–10000, default 200) of a live instance as text; of one that
 * failed, the end that was kept; 404 where neither is.
 * `GET /deployments/:id/explain` → an `Explanation`, or null where nothing asks for it and nothing runs; 503 on a standby.
 */
export async function startHttp(options: HttpOptions): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? '/', 'http://localhost'), response, options).catch((error: unknown) => {
      options.log.error({ err: error, url: request.url }, 'request failed');
      send(response, 500, 'internal error');
    });
  });
  if (options.fd === null) server.listen(options.port, '127.0.0.1');
  else server.listen({ fd: options.fd });
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function answer(url: URL, response: ServerResponse, options: HttpOptions): Promise<void> {
  const { leader, exposition, store, runtimes } = options;
  if (url.pathname === '/health') {
    const body = JSON.stringify({ status: leader() === null ? 'standby' : 'leading' });
    return send(response, 200, body, 'application/json');
  }
  if (url.pathname === '/metrics') return send(response, 200, await exposition.text(), exposition.contentType);

  const explained = /^\/deployments\/([^/]+)\/explain$/.exec(url.pathname)?.[1];
  if (explained !== undefined) {
    const scheduler = leader();
    if (scheduler === null) return send(response, 503, 'another scheduler leads');
    return send(response, 200, JSON.stringify(scheduler.explain(explained)), 'application/json');
  }

  const id = /^\/instances\/([^/]+)\/logs$/.exec(url.pathname)?.[1];
  if (id === undefined) return send(response, 404, `nothing is at ${url.pathname}`);
  const given = url.searchParams.get('tail') ?? String(DEFAULT_TAIL);
  const tail = Number(given);
  if (!Number.isInteger(tail) || tail < 1 || tail > LONGEST_TAIL) {
    return send(response, 400, `tail is "${given}"; allowed: a whole number from 1 to ${LONGEST_TAIL}`);
  }
  const row = await store.instances.get(id);
  if (row === null) return send(response, 404, `no instance has the id ${id}`);
  const text = runtimes.has(row) ? await runtimes.of(row).logs(id, tail) : '';
  send(response, 200, text || (row.failure?.logTail ?? ''));
}

function send(response: ServerResponse, status: number, body: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}
