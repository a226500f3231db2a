import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { defineModel, defineTrainer, field, type ModelServer, openapiOf, output } from '../src/index.ts';
import { ASYNC, ask, startQuietly } from './client.ts';

const servers: ModelServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});
const start = async (flags: readonly string[] = [], env: Record<string, string> = {}, model = greeter()) => {
  const server = await startQuietly(model, flags, env);
  servers.push(server);
  await server.setupEnded;
  return server;
};

/** Greets with the word that it was trained on. */
const greeter = () =>
  defineModel({
    input: { mode: field.choice(['loud', 'low'], { default: 'low' }) },
    output: output.string(),
    setup: ({ weights }) => weights,
    predict: ({ state, input }) => `${input.mode} ${state}`,
    train: defineTrainer({
      input: { word: field.string(), mode: field.choice(['fast', 'slow'], { default: 'fast' }) },
      output: output.object({ weights: output.file(), mode: output.string() }),
      async train({ input, tempDir, signal, weights }) {
        if (input.word === 'wait') await new Promise((resolve) => signal.addEventListener('abort', resolve));
        const path = join(tempDir, 'word.txt');
        await writeFile(path, `${input.word} after ${weights}`);
        return { weights: path, mode: input.mode };
      },
    }),
  });

it('its document has the schemas of the trainer, and every reference that it makes', () => {
  const document = openapiOf(greeter());
  expect(document.components.schemas.TrainingInput).toMatchObject({ required: ['word'] });
  expect(document.components.schemas.TrainingOutput).toMatchObject({ properties: { weights: { format: 'uri' } } });
  expect(document.components.schemas.mode).toMatchObject({ enum: ['loud', 'low'] });
  expect(document.components.schemas.Training_mode).toMatchObject({ enum: ['fast', 'slow'] });
  const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name]) => name,
  );
  expect(references).toEqual(expect.arrayContaining(['TrainingRequest', 'TrainingResponse', 'Training_mode']));
  for (const name of references) expect(document.components.schemas).toHaveProperty(name ?? '');
  const plain = openapiOf(defineModel({ input: {}, output: output.string(), predict: () => '' }));
  expect(JSON.stringify(plain)).not.toMatch(/training/i);
});

describe('in train mode', () => {
  it('takes trainings and no predictions, and its index says where', async () => {
    const server = await start(['--x-mode', 'train']);
    expect(await ask(server, 'GET /')).toMatchObject({ body: { trainings_url: '/trainings' } });
    const trained = await ask(server, 'POST /trainings', { input: { word: 'hi' } });
    const weights = `data:text/plain;base64,${Buffer.from('hi after null').toString('base64')}`;
    expect(trained).toMatchObject({ status: 200, body: { status: 'succeeded', output: { weights, mode: 'fast' } } });
    expect(await ask(server, 'POST /trainings', { input: {} })).toMatchObject({
      status: 422,
      body: { detail: [{ loc: ['body', 'input', 'word'] }] },
    });
    expect(await ask(server, 'POST /predictions', { input: {} })).toMatchObject({ status: 404 });
    expect(await ask(await start(), 'POST /trainings', { input: { word: 'hi' } })).toMatchObject({ status: 404 });
  });

  it.each(['trainings', 'predictions'])('hears a cancel at /%s', async (collection) => {
    const server = await start(['--x-mode', 'train']);
    expect(await ask(server, 'PUT /trainings/t1', { input: { word: 'wait' } }, ASYNC)).toMatchObject({ status: 202 });
    expect(await ask(server, 'PUT /trainings/t2', { input: { word: 'hi' } }, ASYNC), 'one at a time').toMatchObject({
      status: 409,
    });
    const running = ask(server, 'PUT /trainings/t1', { input: { word: 'wait' } });
    expect(await ask(server, `POST /${collection}/t1/cancel`)).toMatchObject({ status: 200 });
    expect(await running).toMatchObject({ status: 202 });
    expect(await ask(server, `POST /${collection}/t9/cancel`)).toMatchObject({ status: 404 });
  });

  it('is refused where the model has no trainer', async () => {
    const plain = defineModel({ input: {}, output: output.string(), predict: () => '' });
    await expect(startQuietly(plain, ['--x-mode', 'train'])).rejects.toThrow('this model has no trainer');
  });
});

describe('COG_WEIGHTS', () => {
  it('is null to a setup that has none, and a path as it is', async () => {
    expect(await ask(await start(), 'POST /predictions', {})).toMatchObject({ body: { output: 'low null' } });
    const server = await start([], { COG_WEIGHTS: '/somewhere/w.bin' });
    expect(await ask(server, 'POST /predictions', {})).toMatchObject({ body: { output: 'low /somewhere/w.bin' } });
  });

  it('is downloaded where it is a URL; a setup fails with the reason where it cannot be', async () => {
    const files = createServer((request, response) => {
      if (request.url === '/w/word.txt?key=secret') response.end('hi');
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(files.address() as AddressInfo).port}/w`;
    try {
      const server = await start([], { COG_WEIGHTS: `${base}/word.txt?key=secret` });
      expect(await ask(server, 'POST /predictions', {})).toMatchObject({
        body: { output: expect.stringMatching(/^low \/.*\/word\.txt$/) },
      });
      const broken = await start(['--await-explicit-shutdown=1'], { COG_WEIGHTS: `${base}/gone.txt?key=secret` });
      const health = await ask(broken, 'GET /health-check');
      expect(health).toMatchObject({ body: { status: 'SETUP_FAILED' } });
      expect(JSON.stringify(health)).toContain(`could not download the weights (COG_WEIGHTS) from ${base}/gone.txt`);
      expect(JSON.stringify(health)).not.toContain('secret');
    } finally {
      files.close();
    }
  });
});
