import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WirePrediction } from '@hearth/contract';

/** What a webhook brought. */
export interface Delivery {
  readonly atMs: number;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** As it was sent. */
  readonly text: string;
  readonly prediction: WirePrediction;
}

interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** A user's server: keeps what it is sent and answers as the test says. */
export interface Receiver {
  readonly url: string;
  readonly deliveries: readonly Delivery[];
  /** Resolves with the first `count` deliveries. */
  atLeast(count: number): Promise<readonly Delivery[]>;
  /** What it answers to the n-th delivery, from 0; `hold`: nothing, until it is closed. */
  reply: (n: number, delivery: Delivery) => Reply | 'hold';
  close(): Promise<void>;
}

export async function startReceiver(port = 0): Promise<Receiver> {
  const deliveries: Delivery[] = [];
  const waiting = new Set<() => void>();
  const respond = (response: ServerResponse, delivery: Delivery): void => {
    const reply = receiver.reply(deliveries.length, delivery);
    deliveries.push(delivery);
    for (const look of waiting) look();
    if (reply !== 'hold') response.writeHead(reply.status, reply.headers).end(reply.body);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { url: path = '', headers } = request;
      respond(response, { atMs: performance.now(), path, headers, text, prediction: JSON.parse(text) });
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: chosen } = server.address() as AddressInfo;
  const receiver: Receiver = {
    url: `http://127.0.0.1:${chosen}/hook`,
    deliveries,
    atLeast: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (deliveries.length < count) return;
          waiting.delete(look);
          resolve(deliveries.slice(0, count));
        };
        waiting.add(look);
        look();
      }),
    reply: () => ({ status: 200 }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}

/**
 * What Python's `Webhooks.validate` refuses, as a sentence; null: nothing. Source: contract §3: three headers, a secret of two
 * parts in the standard alphabet, a timestamp not too far away, and one good signature in the list.
 */
export function refusedByPython({ headers, text }: Delivery, secret: string, toleranceSeconds = 5): string | null {
  const [id, timestamp, signatures] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`] ?? ''),
  );
  if (!id || !timestamp || !signatures) return 'missing webhook headers';
  const [prefix, encoded = '', ...more] = secret.split('_');
  if (prefix !== 'whsec' || more.length > 0) return 'invalid secret';
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded)) return 'invalid base64';
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= toleranceSeconds)) return 'timestamp out of tolerance';
  const good = createHmac('sha256', Buffer.from(encoded, 'base64'))
    .update(`${id}.${timestamp}.${text}`)
    .digest('base64');
  return signatures.split(' ').some((signature) => signature === `v1,${good}`) ? null : 'no signature matches';
}
