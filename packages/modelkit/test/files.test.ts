import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineModel, field, type ModelServer, output } from '../src/index.ts';
import { ASYNC, ask, startQuietly } from './client.ts';
import { hasEnded, type Received, type Receiver, reportOf, startReceiver } from './receiver.ts';
import { imageModel, imagesModel, PIXEL_PNG } from './recorded-models.ts';

let server: ModelServer;
let receiver: Receiver;
afterEach(async () => {
  await server.stop();
  await receiver.close();
});

const pixel = Buffer.from(PIXEL_PNG, 'base64');
const isUpload = (request: Received) => request.method === 'PUT';

async function runAsync(id: string, input: Record<string, unknown>, events = ['completed']) {
  const webhook = `${receiver.url}/hook`;
  await ask(server, `PUT /predictions/${id}`, { input, webhook, webhook_events_filter: events }, ASYNC);
  return reportOf(await receiver.first(hasEnded));
}

describe('output files without an upload URL', () => {
  beforeEach(async () => {
    receiver = await startReceiver();
    server = await startQuietly(imageModel);
    await server.setupEnded;
  });

  it('sync: a data URL', async () => {
    expect(await ask(server, 'POST /predictions', { input: {} })).toMatchObject({
      status: 200,
      body: { output: `data:image/png;base64,${PIXEL_PNG}`, status: 'succeeded' },
    });
  });

  it('async: a path inside the container, still readable', async () => {
    const { output: path } = await runAsync('i1', {});
    expect(path).toMatch(/^\/.*\/out\.png$/);
    expect(readFileSync(String(path))).toEqual(pixel);
  });
});

describe('output files with an upload URL', () => {
  const start = async (answer: Parameters<typeof startReceiver>[0], model = imageModel) => {
    receiver = await startReceiver(answer);
    server = await startQuietly(model, ['--upload-url', `${receiver.url}/loc/`]);
    await server.setupEnded;
  };

  it('async: PUT under its own name, with the prediction id; Location names it, without its query', async () => {
    const location = 'https://files.example.test/unique123/out.png?signature=x';
    await start((request) => (isUpload(request) ? { status: 200, headers: { location } } : { status: 200 }));
    const report = await runAsync('i2', {});
    const upload = await receiver.first(isUpload);
    expect(upload.path).toBe('/loc/out.png');
    expect(upload.headers).toMatchObject({
      'content-type': 'image/png',
      'content-length': String(pixel.length),
      'x-prediction-id': 'i2',
    });
    expect(report).toMatchObject({ output: 'https://files.example.test/unique123/out.png', status: 'succeeded' });
  });

  it('sync: a data URL all the same', async () => {
    await start(undefined);
    const answer = await ask(server, 'POST /predictions', { input: {} });
    expect(answer.body).toMatchObject({ output: `data:image/png;base64,${PIXEL_PNG}` });
    expect(receiver.received).toEqual([]);
  });

  it('an iterator uploads each file as it comes', async () => {
    await start(undefined, imagesModel);
    const report = await runAsync('i3', { n: 2 });
    expect(
      receiver.received.filter(isUpload).map(({ path, text, headers }) => [path, text, headers['content-type']]),
    ).toEqual([
      ['/loc/out-0.txt', 'file 0', 'text/plain'],
      ['/loc/out-1.txt', 'file 1', 'text/plain'],
    ]);
    expect(report).toMatchObject({
      output: [`${receiver.url}/loc/out-0.txt`, `${receiver.url}/loc/out-1.txt`],
      logs: 'made 0\nmade 1\n',
    });
  });

  it('tries again when the platform is not there for a moment', async () => {
    let uploads = 0;
    await start((request) => {
      if (!isUpload(request)) return { status: 200 };
      uploads += 1;
      return uploads === 1 ? 'hang up' : { status: uploads === 2 ? 503 : 201 };
    });
    expect(await runAsync('i4', {})).toMatchObject({ status: 'succeeded', output: `${receiver.url}/loc/out.png` });
    expect(uploads).toBe(3);
  });

  it('says where an upload was to go that the platform could not take', async () => {
    // 501 is not tried again.
    await start((request) => ({ status: isUpload(request) ? 501 : 200 }));
    const error = `could not upload output file 'out.png' to ${receiver.url}/loc/out.png: the server answered 501`;
    expect(await runAsync('i6', {})).toMatchObject({ status: 'failed', error });
  });

  it('a refused upload fails the prediction', async () => {
    await start((request) => ({ status: isUpload(request) ? 403 : 200 }));
    expect(await runAsync('i5', {})).toMatchObject({
      status: 'failed',
      error: "could not upload output file 'out.png': the server answered 403",
    });
  });
});

describe('input files', () => {
  const seen: string[] = [];
  const reader = defineModel({
    input: { file: field.file({ optional: true }), files: field.list(field.file(), { default: [] }) },
    output: output.list(output.string()),
    predict: ({ input }) => {
      const paths = [...(input.file === null ? [] : [input.file]), ...input.files];
      seen.push(...paths);
      return paths.map((path) => `${basename(path)}: ${readFileSync(path, 'utf8')}`);
    },
  });
  const files = new Map([
    ['/a/note.txt', 'from a'],
    ['/b/note.txt', 'from b'],
    ['/with%20space.txt', 'spaced'],
  ]);
  let sources: Receiver;

  beforeEach(async () => {
    receiver = await startReceiver();
    sources = await startReceiver(({ path }) => {
      const body = files.get(path.split('?', 1)[0] ?? '');
      return body === undefined ? { status: 404 } : { status: 200, body };
    });
    server = await startQuietly(reader);
    await server.setupEnded;
  });
  afterEach(() => sources.close());

  it('a data URL becomes a file with the extension of its type', async () => {
    const input = { file: 'data:text/plain;base64,aGVsbG8=', files: ['data:text/csv,a%2Cb', 'data:,x'] };
    expect(await ask(server, 'POST /predictions', { input })).toMatchObject({
      body: { input, output: ['file.txt: hello', 'file.csv: a,b', 'file: x'], status: 'succeeded' },
    });
  });

  it('files of the same name do not meet, and are gone after the prediction', async () => {
    seen.length = 0;
    const input = {
      file: `${sources.url}/a/note.txt?sig=1`,
      files: [`${sources.url}/b/note.txt`, `${sources.url}/with%20space.txt`],
    };
    expect(await ask(server, 'POST /predictions', { input })).toMatchObject({
      body: { output: ['note.txt: from a', 'note.txt: from b', 'with space.txt: spaced'], status: 'succeeded' },
    });
    expect(new Set(seen).size).toBe(3);
    await expect.poll(() => seen.some((path) => existsSync(path))).toBe(false);
  });

  it('a file that is not there fails the prediction with the status', async () => {
    const answer = await ask(server, 'POST /predictions', { input: { file: `${sources.url}/gone.txt?sig=1` } });
    expect(answer.body).toMatchObject({
      status: 'failed',
      error: `could not download input 'file' from ${sources.url}/gone.txt: the server answered 404`,
    });
  });
});
