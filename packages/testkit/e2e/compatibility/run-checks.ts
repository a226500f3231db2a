import type { FileOutput, Prediction, ServerSentEvent } from 'replicate';
import { expect } from 'vitest';
import { eventually } from '../../src/house.ts';
import type { Check } from './check.ts';

const TEXT = 'one two three four five';
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);
const isPng = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 4)).equals(PNG);

async function bytesOf(output: FileOutput): Promise<Uint8Array> {
  return new Uint8Array(await (await output.blob()).arrayBuffer());
}

/** `run`, `stream`, `wait`, `paginate`, `request`: what people call. */
export const RUN_CHECKS: readonly Check[] = [
  {
    method: 'run',
    how: 'newest version of a model, held (`Prefer: wait`), input a Buffer',
    http: 'POST /files · POST /models/{o}/{n}/predictions',
    async holds({ client, page }) {
      const output = await client().run('hearth/ocr', { input: { image: page } });
      expect(output).toContain('Hello from Hearth');
    },
  },
  {
    method: 'run',
    how: 'one version by its id, input a Blob',
    http: 'POST /files · POST /predictions',
    async holds({ client, page, versionOf }) {
      const image = new Blob([new Uint8Array(page)], { type: 'image/png' });
      const output = await client().run(`hearth/ocr:${await versionOf('hearth/ocr')}`, { input: { image } });
      expect(output).toContain('Hello from Hearth');
    },
  },
  {
    method: 'run',
    how: 'a file comes back as FileOutput: `url()`, `blob()`, a readable stream',
    http: 'POST /models/{o}/{n}/predictions · GET of the file without a token',
    async holds({ client, page }) {
      const run = async () => (await client().run('hearth/thumbnail', { input: { image: page } })) as FileOutput;
      const output = await run();
      expect(output.url().protocol).toBe('https:');
      expect(output.url().pathname).toMatch(/\/thumbnail\.png$/);
      expect(isPng(await bytesOf(output))).toBe(true);
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await run()) as unknown as AsyncIterable<Uint8Array>) chunks.push(chunk);
      expect(isPng(Buffer.concat(chunks))).toBe(true);
    },
  },
  {
    method: 'run',
    how: '`useFileOutput: false`: a file comes back as its URL',
    http: 'POST /models/{o}/{n}/predictions',
    async holds({ client, page }) {
      const output = await client({ useFileOutput: false }).run('hearth/thumbnail', { input: { image: page } });
      expect(output).toMatch(/^https:\/\/.*\/thumbnail\.png$/);
    },
  },
  {
    method: 'run',
    how: '`wait: { mode: "poll" }`, with progress',
    http: 'POST /models/{o}/{n}/predictions · GET /predictions/{id}',
    async holds({ client }) {
      const seen: string[] = [];
      const input = { text: TEXT, rate: 50 };
      const output = await client().run(
        'hearth/stream',
        { input, wait: { mode: 'poll', interval: 50 } },
        ({ status }: Prediction) => seen.push(status),
      );
      expect((output as string[]).join('')).toBe(TEXT);
      expect(seen[0]).toBe('starting');
      expect(seen.at(-1)).toBe('succeeded');
    },
  },
  {
    method: 'run',
    how: '`wait: { mode: "block", timeout }` that ends before the prediction: waits on by polling',
    http: 'POST /models/{o}/{n}/predictions · GET /predictions/{id}',
    async holds({ client }) {
      const seen: string[] = [];
      const input = { text: 'slow', seconds: 2 };
      const output = await client().run(
        'hearth/faulty',
        { input, wait: { mode: 'block', timeout: 1 } },
        ({ status }: Prediction) => seen.push(status),
      );
      expect(output).toBe('hello slow');
      expect(seen[0]).toBe('starting');
    },
  },
  {
    method: 'run',
    how: 'a model that fails: throws its reason',
    http: 'POST /models/{o}/{n}/predictions',
    async holds({ client }) {
      const run = client().run('hearth/faulty', { input: { mode: 'fail' } });
      await expect(run).rejects.toThrow('Prediction failed: model failed on purpose');
    },
  },
  {
    method: 'run',
    how: 'an input that the model does not take: throws, naming the field',
    http: 'POST /models/{o}/{n}/predictions',
    async holds({ client }) {
      const run = client().run('hearth/stream', { input: { text: 'a', rate: 'fast' } });
      await expect(run).rejects.toThrow(/422.*input\.rate/s);
    },
  },
  {
    method: 'run',
    how: '`signal`: cancels the prediction',
    http: 'POST /predictions/{id}/cancel',
    async holds({ client, house }) {
      const stop = new AbortController();
      let id = '';
      const run = client().run(
        'hearth/faulty',
        { input: { seconds: 30 }, wait: { mode: 'poll', interval: 50 }, signal: stop.signal },
        (prediction: Prediction) => {
          id = prediction.id;
          if (prediction.status === 'processing') stop.abort();
        },
      );
      // The client hands its signal to the requests too, so the call ends either way.
      await run.catch((error: Error) => expect(error.name).toBe('AbortError'));
      if ((await house.get<Prediction>(`/v1/predictions/${id}`)).status === 'processing')
        await client().predictions.cancel(id);
      await eventually('it to be canceled', async () => {
        const { status } = await house.get<Prediction>(`/v1/predictions/${id}`);
        return status === 'canceled';
      });
    },
  },
  {
    method: 'stream',
    how: 'text: `output` events, then `done`',
    http: 'POST /models/{o}/{n}/predictions · GET urls.stream without a token',
    async holds({ client }) {
      const events: ServerSentEvent[] = [];
      for await (const event of client().stream('hearth/stream', { input: { text: TEXT, rate: 50 } }))
        events.push(event);
      expect(events.map(String).join('')).toBe(TEXT);
      expect(events.at(-1)).toMatchObject({ event: 'done', data: '{}' });
      expect(events.every(({ id }) => id !== undefined)).toBe(true);
    },
  },
  {
    method: 'stream',
    how: 'files: `output` events hold FileOutput',
    http: 'GET urls.stream under /v1/files/',
    async holds({ client, page }) {
      const { urls } = await client().files.create(page);
      const outputs: unknown[] = [];
      for await (const event of client().stream('hearth/thumbnail', { input: { image: urls.get } }))
        if (event.event === 'output') outputs.push(event.data);
      const [output] = outputs as FileOutput[];
      expect(output).toBeDefined();
      expect(isPng(await bytesOf(output as FileOutput))).toBe(true);
    },
  },
  {
    method: 'stream',
    how: 'a model that fails: throws its reason',
    http: 'GET urls.stream',
    async holds({ client }) {
      const seen: ServerSentEvent[] = [];
      const read = async () => {
        for await (const event of client().stream('hearth/faulty', { input: { mode: 'fail' } })) seen.push(event);
      };
      await expect(read()).rejects.toThrow('model failed on purpose');
    },
  },
  {
    method: 'wait',
    how: 'until a prediction has ended',
    http: 'GET /predictions/{id}',
    async holds({ client }) {
      const replicate = client();
      const made = await replicate.predictions.create({ model: 'hearth/stream', input: { text: TEXT, rate: 50 } });
      const ended = await replicate.wait(made, { interval: 50 });
      expect(ended.status).toBe('succeeded');
      expect((ended.output as string[]).join('')).toBe(TEXT);
    },
  },
  {
    method: 'paginate',
    how: 'through more than a page',
    http: 'GET next',
    async holds({ client }) {
      const replicate = client();
      const make = () => replicate.predictions.create({ model: 'hearth/stream', input: { text: 'a', rate: 1000 } });
      const made = await Promise.all(Array.from({ length: 110 }, make));
      const seen = new Set<string>();
      let pages = 0;
      for await (const page of replicate.paginate(() => replicate.predictions.list())) {
        pages += 1;
        for (const { id } of page) seen.add(id);
      }
      expect(pages).toBeGreaterThan(1);
      expect(made.every(({ id }) => seen.has(id))).toBe(true);
    },
  },
  {
    method: 'request',
    how: 'any endpoint, by path or by URL',
    http: 'any',
    async holds({ client, baseUrl }) {
      const byPath = await client().request('/account', {});
      const byUrl = await client().request(new URL(`${baseUrl}/account`), {});
      expect(await byPath.json()).toEqual(await byUrl.json());
    },
  },
];
