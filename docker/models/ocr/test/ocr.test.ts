import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ModelServer, readSettings, startServer } from '@hearth/modelkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { model } from '../src/model.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../example/page.png')).toString('base64');

let server: ModelServer;
beforeAll(async () => {
  const settings = readSettings(['--host', '127.0.0.1'], { PORT: '0' });
  server = await startServer(model, { settings, print: () => undefined });
  await server.setupEnded;
});
afterAll(() => server.stop());

const read = async (image: string): Promise<unknown> => {
  const body = JSON.stringify({ input: { image } });
  return (await fetch(`${server.url}/predictions`, { method: 'POST', body })).json();
};

it('reads a page', async () => {
  expect(await read(`data:image/png;base64,${PAGE}`)).toMatchObject({
    status: 'succeeded',
    output: 'Hello from Hearth\nA model goes cold, warm, cold.\nOnly its run time is billed.',
  });
});

it('fails on what is no picture, and reads the next one', async () => {
  expect(await read('data:text/plain,hello')).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('the image could not be read'),
  });
  expect(await read(`data:image/png;base64,${PAGE}`)).toMatchObject({ status: 'succeeded' });
});
