import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ModelServer, readSettings, startServer } from '@hearth/modelkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { model } from '../src/model.ts';

let folder: string;
const servers: ModelServer[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainer-test-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
}

async function start(flags: string[] = [], env: Record<string, string> = {}): Promise<ModelServer> {
  const settings = readSettings(['--host', '127.0.0.1', ...flags], { PORT: '0', ...env });
  const server = await startServer(model, { settings, print: () => undefined });
  servers.push(server);
  await server.setupEnded;
  return server;
}
async function post(server: ModelServer, path: string, input: unknown): Promise<Answer> {
  const response = await fetch(server.url + path, { method: 'POST', body: JSON.stringify({ input }) });
  const answer: Answer = JSON.parse(await response.text());
  return answer;
}
const asDataUrl = (text: string) => `data:text/plain;base64,${Buffer.from(text).toString('base64')}`;

it('learns a text, and goes on from it with the weights', async () => {
  const trainer = await start(['--x-mode', 'train']);
  const trained = await post(trainer, '/trainings', { text: asDataUrl('abcabcabcd'), order: 2 });
  expect(trained).toMatchObject({ status: 'succeeded', output: { letters: 10, contexts: 3 } });
  expect(trained.logs).toMatch(/^0%\n(\d0%\n)*100%\n$/);
  const { weights } = trained.output as { weights: string };
  const path = join(folder, 'letters.json');
  await writeFile(path, Buffer.from(weights.slice(weights.indexOf(',') + 1), 'base64'));

  const server = await start([], { COG_WEIGHTS: path });
  const { output } = await post(server, '/predictions', { start: 'ab', length: 4, seed: 1 });
  expect(output).toMatch(/^c(abc|d)/);
  expect((await post(server, '/predictions', { start: 'ab', length: 4, seed: 1 })).output).toBe(output);
  const long = await post(server, '/predictions', { start: 'ab', length: 1000 });
  expect(long.output, 'ends after a d, which nothing ever followed').toMatch(/^[abc]*d$/);
});

it('fails with a reason where it has not been trained, or the text is too short', async () => {
  expect(await post(await start(), '/predictions', {})).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('knows nothing yet'),
  });
  const trainer = await start(['--x-mode', 'train']);
  expect(await post(trainer, '/trainings', { text: asDataUrl('abc'), order: 3 })).toMatchObject({
    status: 'failed',
    error: 'the text has 3 letters; it needs more than the order, 3',
  });
});
