import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Delivery, refusedByPython } from '../src/webhook-receiver.ts';
import type { Book } from './book.ts';

/** A user's server that is not always well. */
export interface ChaosReceiver {
  /** Where what is asked for under this number is told of. */
  urlFor(n: number, account: number): string;
  close(): Promise<void>;
}

/** Of four messages one meets a fault at its first tries: an error, a broken connection, an answer that never comes. */
const REPLIES = ['well', 'well', 'well', 'well', 'well', 'well', '500', '503', 'reset'] as const;
const FAULTY_TRIES = 2;
/** A request may have stood still on its way while something was paused. */
const TOLERATED_SECONDS = 300;

/** `secrets`: of the accounts, in their order. */
export async function startChaosReceiver(book: Book, secrets: readonly string[]): Promise<ChaosReceiver> {
  const tries = new Map<string, number>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A sender that was killed in the middle of its request sends it again.
    request.on('error', () => {});
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { url: path = '', headers } = request;
      const delivery: Delivery = { atMs: book.now(), path, headers, text, prediction: JSON.parse(text) };
      const [, account, n] = path.split('/');
      const id = String(headers['webhook-id']);
      const tried = tries.get(id) ?? 0;
      tries.set(id, tried + 1);
      const reply = tried < FAULTY_TRIES ? REPLIES[Number(n) % REPLIES.length] : 'well';
      const answered = reply === 'reset' ? null : reply === 'well' ? 200 : Number(reply);
      const refused = refusedByPython(delivery, secrets[Number(account)] ?? '', TOLERATED_SECONDS);
      book.deliveries.push({ n: Number(n), delivery, atMs: book.now(), answered, refused });
      if (answered === null) request.socket.resetAndDestroy();
      else response.writeHead(answered).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    urlFor: (n, account) => `http://127.0.0.1:${port}/${account}/${n}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
