/** The platform's side of the protocol: takes webhooks and uploads, and lets a test wait for them. */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'hang up';

export interface Receiver {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves with the first request that matches, arrived or to come. */
  first(matches: (request: Received) => boolean): Promise<Received>;
  close(): Promise<void>;
}

/** @param answer default: 200 to everything */
export async function startReceiver(
  answer: (request: Received) => Answer = () => ({ status: 200 }),
): Promise<Receiver> {
  const received: Received[] = [];
  const arrivals = new EventEmitter();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, text: Buffer.concat(chunks).toString() };
    const reply = answer(one);
    received.push(one);
    if (reply === 'hang up') request.socket.destroy();
    else response.writeHead(reply.status, reply.headers).end(reply.body);
    arrivals.emit('arrival');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async first(matches) {
      for (;;) {
        const found = received.find(matches);
        if (found) return found;
        await once(arrivals, 'arrival');
      }
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Body of a webhook. */
export const reportOf = (request: Received) => JSON.parse(request.text) as Record<string, unknown>;

export const hasEnded = (request: Received): boolean =>
  request.method === 'POST' && ['succeeded', 'failed', 'canceled'].includes(String(reportOf(request).status));
