import { type ModelServer, readSettings, startServer } from '@hearth/modelkit';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { model } from '../src/model.ts';

let server: ModelServer;
let picture: string;
beforeAll(async () => {
  const settings = readSettings(['--host', '127.0.0.1'], { PORT: '0' });
  server = await startServer(model, { settings, print: () => undefined });
  await server.setupEnded;
  const red = sharp({ create: { width: 640, height: 320, channels: 3, background: 'red' } });
  picture = `data:image/png;base64,${(await red.png().toBuffer()).toString('base64')}`;
});
afterAll(() => server.stop());

interface Answer {
  readonly status: string;
  readonly output: string;
  readonly logs: string;
}

async function shrink(input: Record<string, unknown>): Promise<Answer> {
  const body = JSON.stringify({ input: { image: picture, ...input } });
  const text = await (await fetch(`${server.url}/predictions`, { method: 'POST', body })).text();
  const answer: Answer = JSON.parse(text);
  return answer;
}
const bytesOf = (dataUrl: string) => Buffer.from(dataUrl.slice(dataUrl.indexOf(',') + 1), 'base64');

it('makes a PNG of 256 pixels unless told otherwise', async () => {
  const { status, output } = await shrink({});
  expect(status).toBe('succeeded');
  expect(output).toMatch(/^data:image\/png;base64,/);
  expect(await sharp(bytesOf(output)).metadata()).toMatchObject({ format: 'png', width: 256, height: 128 });
});

it('takes width, format and grayscale', async () => {
  const { output } = await shrink({ width: 100, format: 'webp', grayscale: true });
  const result = sharp(bytesOf(output));
  expect(await result.metadata()).toMatchObject({ format: 'webp', width: 100, height: 50 });
  const { channels } = await result.stats();
  const means = channels.slice(0, 3).map(({ mean }) => Math.round(mean));
  expect(new Set(means).size).toBe(1);
});

it('never enlarges', async () => {
  const { output } = await shrink({ width: 4096, format: 'jpeg' });
  expect(await sharp(bytesOf(output)).metadata()).toMatchObject({ format: 'jpeg', width: 640 });
});
