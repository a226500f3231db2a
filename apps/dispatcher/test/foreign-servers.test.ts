/** Servers that somebody else wrote after reading a page about Cog: what they say is taken for what it means. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, eventually, type World } from './world.ts';

type Listener = (incoming: IncomingMessage, response: ServerResponse) => unknown;

interface Sent {
  readonly id: string;
  readonly webhook: string;
}

let world: World;
const closing: (() => void)[] = [];
/** What servers still have to say: a prediction may have ended before its report was answered. */
const talking: unknown[] = [];
beforeEach(async () => {
  world = await createWorld();
});
afterEach(async () => {
  await Promise.all(talking.splice(0));
  await world.close();
  for (const close of closing.splice(0)) close();
});

const addressOf = (server: { address(): AddressInfo | string | null }) =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** Serves one prediction with a server of one's own. */
async function run(listener: Listener, input: Record<string, unknown> = {}) {
  const server = createServer((incoming, response) => void talking.push(listener(incoming, response)));
  closing.push(() => server.close().closeAllConnections());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await world.dispatch();
  const { instance } = await world.stage({ ready: false });
  await world.ready(instance, addressOf(server));
  return world.ended(await world.predict(input));
}
const post = async (url: string, body: unknown, headers: Record<string, string> = {}): Promise<number> => {
  const response = await request(url, { method: 'POST', headers, body: JSON.stringify(body) });
  await response.body.dump();
  return response.statusCode;
};
/** Takes a prediction the asynchronous way, and then does as it is told. */
const accepting =
  (then: (sent: Sent) => Promise<unknown>, accepted: unknown = {}): Listener =>
  async (incoming, response) => {
    if (incoming.method !== 'PUT') return response.writeHead(404).end();
    const sent: Sent = JSON.parse(await text(incoming));
    response.writeHead(202, { connection: 'close' }).end(JSON.stringify(accepted));
    await then(sent);
    return undefined;
  };

describe('a report', () => {
  it('may lack everything but its status, come without a type, a token or a name, and have more in it', async () => {
    const row = await run(
      accepting(({ webhook }) => post(webhook, { status: 'succeeded', output: 7, extra: { a: [1] } })),
    );
    expect(row).toMatchObject({ status: 'succeeded', output: 7, logs: '', error: null });
    expect(row.metrics).toMatchObject({ predict_time: expect.any(Number) });
  });

  it.each([
    ['an id that is a number', { id: 7 }, {}],
    ['logs in lines', { logs: ['one\n', 'two\n'] }, { logs: 'one\ntwo\n' }],
    ['times in seconds', { started_at: 1_750_000_000.5, completed_at: 1_750_000_001 }, {}],
    ['metrics that are none', { metrics: 'fast' }, {}],
    ['an input that is a list', { input: [1] }, {}],
    ['a predict time in words', { metrics: { predict_time: '1s' } }, {}],
  ])('may have %s', async (_, odd, expected) => {
    const row = await run(accepting(({ webhook }) => post(webhook, { status: 'succeeded', output: 'x', ...odd })));
    expect(row).toMatchObject({ status: 'succeeded', output: 'x', ...expected });
  });

  it('may have an error that is an object', async () => {
    const row = await run(accepting(({ webhook }) => post(webhook, { status: 'failed', error: { code: 3 } })));
    expect(row).toMatchObject({ status: 'failed', error: '{"code":3}' });
  });

  it('may come before the answer to the start', async () => {
    const row = await run(async (incoming, response) => {
      if (incoming.method !== 'PUT') return response.writeHead(404).end();
      const { webhook }: Sent = JSON.parse(await text(incoming));
      expect(await post(webhook, { status: 'succeeded', output: 'early' })).toBe(200);
      return response.writeHead(202).end('{"status":"starting"}');
    });
    expect(row).toMatchObject({ status: 'succeeded', output: 'early', attempt: 1 });
  });
});

describe('an answer', () => {
  it('may be the end, in pieces, over HTTP/1.0, with the connection closed behind it', async () => {
    const server = createTcpServer((socket) => {
      socket.on('data', (chunk) => {
        if (!chunk.toString().startsWith('P')) return;
        socket.write('HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{"status":"succ');
        socket.end('eeded","output":"old"}');
      });
      // A client that goes away at the end of a test is nobody's failure.
      socket.on('error', () => undefined);
    });
    closing.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await world.dispatch();
    const { instance } = await world.stage({ ready: false });
    await world.ready(instance, addressOf(server));
    expect(await world.ended(await world.predict())).toMatchObject({ status: 'succeeded', output: 'old' });
  });

  it.each([
    ['an output', { output: ['a'] }, { status: 'succeeded', output: ['a'] }],
    ['an error', { error: 'no', output: null }, { status: 'failed', error: 'no' }],
  ])('without a status is judged by %s', async (_, body, expected) => {
    const row = await run((incoming, response) => {
      if (incoming.method === 'POST' && incoming.url === '/predictions') response.end(JSON.stringify(body));
      else response.writeHead(404).end('not here');
    });
    expect(row).toMatchObject(expected);
  });

  it('may take its time', async () => {
    const arrived = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const ended = run(async (incoming, response) => {
      if (incoming.method !== 'PUT') return response.writeHead(404).end();
      const { webhook }: Sent = JSON.parse(await text(incoming));
      arrived.resolve();
      await go.promise;
      response.writeHead(202).end();
      return post(webhook, { status: 'succeeded', output: 'late' });
    });
    await arrived.promise;
    await eventually(async () => expect(await world.store.predictions.processing()).toHaveLength(1));
    go.resolve();
    expect(await ended).toMatchObject({ status: 'succeeded', output: 'late', attempt: 1 });
  });
});
