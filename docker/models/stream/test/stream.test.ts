import { readSettings, startServer } from '@hearth/modelkit';
import { expect, it } from 'vitest';
import { model } from '../src/model.ts';

it('gives every word back with the space after it, no faster than asked', async () => {
  const settings = readSettings(['--host', '127.0.0.1'], { PORT: '0' });
  const server = await startServer(model, { settings, print: () => undefined });
  await server.setupEnded;
  const body = JSON.stringify({ input: { text: 'one  two\nthree', rate: 50 } });
  const startMs = performance.now();
  const answer = await fetch(`${server.url}/predictions`, { method: 'POST', body });
  expect(await answer.json()).toMatchObject({ output: ['one  ', 'two\n', 'three'], metrics: { words: 3 } });
  expect(performance.now() - startMs).toBeGreaterThan(55);
  await server.stop();
});
