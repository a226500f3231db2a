import { connect, type Socket } from 'node:net';
import type { Logger } from '@hearth/kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

let house: House;
let port: number;
const HUNG_UP = 'the sender hung up before its body was here';
const said: { level: string; words: string }[] = [];
beforeAll(async () => {
  house = await startHouse({ deps: (deps) => ({ ...deps, log: heard(deps.log) }) });
  port = Number(new URL(await house.app.listen({ port: 0, host: '127.0.0.1' })).port);
});
afterAll(() => house.close());

/** Everything that the API says on a connection that begins with these bytes; `then`, once it has said something. */
function conversation(text: string, then: (socket: Socket) => void = () => {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      answer += chunk;
    });
    socket.once('data', () => then(socket));
    socket.on('end', () => {
      socket.end();
      resolve(answer);
    });
    socket.on('error', reject);
    socket.write(text);
  });
}

it.each([
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', 400, 'bad-request'],
  ['a URL with a raw byte', 'GET /v1/models/\u00ff HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'bad-request'],
  [
    'two lengths',
    'POST /v1/models HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
    400,
    'bad-request',
  ],
  ['endless headers', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'headers-too-large'],
])('%s is answered with a problem, and the connection ends', async (_what, text, status, code) => {
  const answer = await conversation(text);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toContain('content-type: application/problem+json\r\n');
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  expect(answer).toContain(`content-length: ${Buffer.byteLength(body)}\r\n`);
  expect(JSON.parse(body)).toMatchObject({ status, code });
});

it('a held request outlasts 60 s, and its connection the 65 s that load balancers keep one', () => {
  const { timeout, keepAliveTimeout, requestTimeout } = house.app.server;
  // No limit on how long an answer takes; the one on a request ends once it is here.
  expect([timeout, requestTimeout]).toEqual([0, 600_000]);
  expect(keepAliveTimeout).toBeGreaterThan(65_000);
});

/** A logger whose errors and asides are kept. */
function heard(log: Logger): Logger {
  const listening: Logger = new Proxy(log, {
    get(target, key, receiver) {
      if (key === 'child') return () => listening;
      if (key === 'error' || key === 'debug') {
        return (_fields: object, words: string) => void said.push({ level: key, words });
      }
      return Reflect.get(target, key, receiver);
    },
  });
  return listening;
}

it('a sender that hangs up in the middle is no fault of ours', async () => {
  // Once its token and its rates are known, the request waits for its body as soon as it was told to go on.
  await house.ask('POST', '/v1/predictions', { body: {} });
  const head = `POST /v1/predictions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${house.admin.token}\r\n`;
  const body = 'Content-Type: application/json\r\nContent-Length: 500\r\nExpect: 100-continue\r\n\r\n{"ver';
  expect(await conversation(head + body, (socket) => socket.end())).toMatch(/^HTTP\/1\.1 100 Continue/);
  await expect.poll(() => said).toContainEqual({ level: 'debug', words: HUNG_UP });
  expect(said.filter(({ level }) => level === 'error')).toEqual([]);
});
