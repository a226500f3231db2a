import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { finishConnections } from '../src/listen.ts';
import { type House, startHouse } from './harness.ts';

let house: House;
let leaving: AbortController;
let agent: Agent;
let url: string;
beforeEach(async () => {
  leaving = new AbortController();
  house = await startHouse({ deps: (deps) => ({ ...deps, leaving: leaving.signal }) });
  url = await house.app.listen({ port: 0, host: '127.0.0.1' });
  agent = new Agent({ keepAlive: true, maxSockets: 1 });
});
afterEach(async () => {
  agent.destroy();
  await house.close();
});

/** Over the one connection of the agent. */
async function health(): Promise<IncomingMessage> {
  const asked = request(`${url}/health`, { agent }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

test('an api that hands over takes no connection, and answers on those it has, once', async () => {
  expect((await health()).headers.connection).toBe('keep-alive');
  leaving.abort();
  const finished = finishConnections(house.app, 60_000);
  await expect(fetch(`${url}/health`)).rejects.toThrow(
    expect.objectContaining({ cause: expect.objectContaining({ code: 'ECONNREFUSED' }) }),
  );
  const last = await health();
  expect([last.statusCode, last.headers.connection]).toEqual([200, 'close']);
  await finished;
});

test('it does not wait for ever for a connection that idles', async () => {
  await health();
  await finishConnections(house.app, 10);
  expect((await health()).statusCode).toBe(200);
});
