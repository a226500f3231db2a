/** The platform's side of the protocol: takes webhooks and uploads, and lets a test wait for them. */
import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
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
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const one = { method, path: url, headers, text: Buffer.concat(chunks).toString() };
    const reply = answer(one);
    received.push(one);
    if (reply === 'hang up') request.socket.destroy();
    else response.writeHead(reply.status, reply.headers).end(reply.body);
    arrivals.emit('arrival');
  };
  const server = createServer((request, response) => void take(request, response));
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

/** What a webhook says of a prediction. */
export interface Report {
  readonly id: string | null;
  readonly status: string;
  readonly logs: string;
  /** A list of texts from the models that stream. */
  readonly output: string | readonly string[] | null;
}

export function reportOf(request: Received): Report {
  const report: Report = JSON.parse(request.text);
  return report;
}

export const hasEnded = (request: Received): boolean =>
  request.method === 'POST' && ['succeeded', 'failed', 'canceled'].includes(reportOf(request).status);
