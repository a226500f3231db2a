import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type House, startHouse } from './harness.ts';

const MOST = 3;
const TIMEOUT_MS = 1_000;
let house: House;
let address: AddressInfo;
const sockets: Socket[] = [];

beforeEach(async () => {
  house = await startHouse({ settings: { maxConnections: MOST, headersTimeoutMs: TIMEOUT_MS } });
  await house.app.listen({ port: 0, host: '127.0.0.1' });
  address = house.app.server.address() as AddressInfo;
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await house.close();
});

/** A connection, and all that comes from it until it ends. */
function open(first: string): { socket: Socket; answer: Promise<string> } {
  const socket = connect(address.port, address.address);
  sockets.push(socket);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // What the server closes at once may come as an error; what came before it is the answer.
  socket.on('error', () => socket.destroy());
  socket.write(first);
  return { socket, answer: once(socket, 'close').then(() => Buffer.concat(chunks).toString()) };
}

describe('a client that never gets to the end of its headers', () => {
  it('is told so and hung up on, while a request that is held stays', async () => {
    const made = await house.addModel('waits');
    const body = JSON.stringify({ version: made.version.id, input: { text: 'hi' } });
    const held = fetch(`http://127.0.0.1:${address.port}/v1/predictions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.admin.token}`, 'content-type': 'application/json', prefer: 'wait=6' },
      body,
    });
    const started = performance.now();
    const { answer } = open('GET /v1/account HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    expect(await answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request-timeout"/);
    expect(performance.now() - started).toBeGreaterThanOrEqual(TIMEOUT_MS * 0.9);
    const outlasted = await held;
    expect(outlasted.status).toBe(201);
    expect(outlasted.headers.get('preference-applied')).toBe('wait=6');
  });
});

it('connections beyond the most are closed, and room is given back', async () => {
  const kept = Array.from({ length: MOST }, () => open('GET /v1/account HTTP/1.1\r\n'));
  await expect
    .poll(() => new Promise((resolve) => house.app.server.getConnections((_error, count) => resolve(count))))
    .toBe(MOST);
  expect(await open('GET /health HTTP/1.1\r\nHost: x\r\n\r\n').answer).toBe('');
  for (const { socket } of kept) socket.destroy();
  await Promise.all(kept.map(({ answer }) => answer));
  await expect
    .poll(() => open('GET /openapi.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n').answer, { timeout: 10_000 })
    .toMatch(/^HTTP\/1\.1 200/);
});
