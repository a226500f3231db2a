import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { linkLocal } from '../src/hosts/engine-link.ts';

async function anEngine(): Promise<string> {
  const engine = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end('{"Version":"20.10.24"}');
  });
  engine.listen(0, '127.0.0.1');
  await once(engine, 'listening');
  onTestFinished(() => void engine.close());
  return `tcp://127.0.0.1:${(engine.address() as AddressInfo).port}`;
}

test('a call costs no look through the connections of those before it', async () => {
  const link = linkLocal(await anEngine());
  onTestFinished(() => link.close());
  await Promise.all(Array.from({ length: 16 }, () => link.docker.version()));

  // As docker-modem writes out the agent at each call.
  const written = inspect(Reflect.get(link.docker.modem, 'agent'), { showHidden: true, depth: null });

  expect(written.length).toBeLessThan(100);
});
