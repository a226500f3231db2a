/**
 * Conversations recorded with Cog 0.16.12 (generation B), held again with this server. The recorded texts stand here as
 * they were, except for what Python words in its own way: tracebacks, library warnings and network errors.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelServer } from '../src/index.ts';
import { ask, startQuietly } from './client.ts';
import { type Receiver, startReceiver } from './receiver.ts';
import { BUSY, HELLO_DEFAULTS, SETUP } from './recorded-bodies.ts';
import { Gate, helloModel, objModel } from './recorded-models.ts';

let server: ModelServer;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await server.stop();
  await receiver.close();
});

describe('hello: setup', () => {
  it('STARTING shows an empty setup, refuses predictions and has its schema', async () => {
    const loaded = new Gate();
    server = await startQuietly(helloModel(undefined, () => loaded.pass(new AbortController().signal)));
    expect(await ask(server, 'GET /health-check')).toEqual({
      status: 200,
      contentType: 'application/json',
      body: { status: 'STARTING', setup: {} },
    });
    expect(await ask(server, 'POST /predictions', { input: { text: 'early' } })).toEqual(BUSY);
    expect((await ask(server, 'GET /openapi.json')).status).toBe(200);
    loaded.open();
    await server.setupEnded;
    expect((await ask(server, 'GET /health-check')).body).toEqual({ status: 'READY', setup: SETUP });
  });

  it('the index names every address', async () => {
    server = await startQuietly(helloModel());
    expect((await ask(server, 'GET /')).body).toEqual({
      cog_version: '0.16.12+hearth.modelkit',
      docs_url: '/docs',
      openapi_url: '/openapi.json',
      shutdown_url: '/shutdown',
      healthcheck_url: '/health-check',
      predictions_url: '/predictions',
      predictions_idempotent_url: '/predictions/{prediction_id}',
      predictions_cancel_url: '/predictions/{prediction_id}/cancel',
    });
  });

  it('a failed setup is shown where somebody waits for it, and predictions answer 500', async () => {
    const failing = helloModel(undefined, () => {
      throw new Error('boom in setup');
    });
    server = await startQuietly(failing, ['--await-explicit-shutdown=true']);
    await server.setupEnded;
    expect((await ask(server, 'GET /health-check')).body).toEqual({
      status: 'SETUP_FAILED',
      setup: { ...SETUP, logs: 'setup: loading weights\nError: boom in setup\n', status: 'failed' },
    });
    expect(await ask(server, 'POST /predictions', { input: { text: 'a' } })).toEqual({
      status: 500,
      contentType: 'text/plain; charset=utf-8',
      body: 'Internal Server Error',
    });
    expect(await ask(server, 'POST /shutdown')).toMatchObject({ status: 200, body: {} });
    expect(await server.stopped).toBe('shutdown');
  });

  it('a failed setup stops the server where nobody waits', async () => {
    server = await startQuietly(helloModel(undefined, () => Promise.reject(new Error('boom in setup'))));
    expect(await server.stopped).toBe('setup-failed');
  });
});

describe('hello: sync', () => {
  beforeEach(async () => {
    server = await startQuietly(helloModel());
    await server.setupEnded;
  });

  it('success', async () => {
    const request = { id: 'p1', created_at: '2026-01-01T00:00:00Z', input: { text: 'Alice' } };
    expect(await ask(server, 'POST /predictions', request)).toEqual({
      status: 200,
      contentType: 'application/json',
      body: {
        input: { text: 'Alice', ...HELLO_DEFAULTS },
        output: 'hello Alice',
        id: 'p1',
        version: null,
        created_at: '2026-01-01T00:00:00+00:00',
        started_at: 'TIME',
        completed_at: 'TIME',
        logs: 'predict text=Alice image=None\n',
        error: null,
        status: 'succeeded',
        metrics: { predict_time: 'SECONDS' },
      },
    });
  });

  it('failed (raises): still 200, and the server stays ready', async () => {
    expect(await ask(server, 'POST /predictions', { input: { text: 'a', mode: 'fail' } })).toEqual({
      status: 200,
      contentType: 'application/json',
      body: {
        input: { text: 'a', ...HELLO_DEFAULTS, mode: 'fail' },
        output: null,
        id: null,
        version: null,
        created_at: null,
        started_at: 'TIME',
        completed_at: 'TIME',
        logs: 'predict text=a image=None\nError: model failed on purpose\n',
        error: 'model failed on purpose',
        status: 'failed',
        metrics: null,
      },
    });
    expect((await ask(server, 'GET /health-check')).body).toMatchObject({ status: 'READY' });
  });

  it('an input file that cannot be had fails the prediction', async () => {
    const gone = `${receiver.url}/nope.png`;
    await receiver.close();
    const answer = await ask(server, 'POST /predictions', { input: { text: 'a', image: `${gone}?signature=s3cret` } });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'failed', output: null });
    const error = `could not download input 'image' from ${gone}: connect ECONNREFUSED ${new URL(gone).host}`;
    expect(answer.body).toMatchObject({ error });
    receiver = await startReceiver();
  });

  it('a body is parsed whatever its content type', async () => {
    const answer = await ask(server, 'POST /predictions', '{"input":{"text":"a"}}', { 'content-type': 'text/plain' });
    expect(answer).toMatchObject({ status: 200, body: { output: 'hello a' } });
  });

  it('what does not exist', async () => {
    expect(await ask(server, 'GET /nowhere')).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
    expect(await ask(server, 'GET /predictions/p1')).toMatchObject({ status: 405 });
    expect(await ask(server, 'POST /predictions/other/cancel')).toMatchObject({ status: 404, body: {} });
  });
});

describe('hello: 422 bodies', () => {
  beforeEach(async () => {
    server = await startQuietly(helloModel());
    await server.setupEnded;
  });
  const refused = async (request: string, body: unknown) => {
    const answer = await ask(server, request, body);
    expect(answer).toEqual({ status: 422, contentType: 'application/json', body: { detail: expect.any(Array) } });
    return Object(answer.body).detail;
  };

  it('a missing input', async () => {
    const missing = [{ loc: ['body', 'input', 'text'], msg: 'field required', type: 'value_error.missing' }];
    expect(await refused('POST /predictions', { input: {} })).toEqual(missing);
    expect(await refused('POST /predictions', '')).toEqual(missing);
  });

  it('everything wrong at once, in the order of the fields', async () => {
    const input = { text: 'a', steps: 999, mode: 'zzz', size: 3, seconds: 'abc', unknown: 1, image: 'ftp://x/y' };
    expect(await refused('POST /predictions', { input })).toEqual([
      { loc: ['body', 'input', 'seconds'], msg: 'value is not a valid float', type: 'type_error.float' },
      {
        loc: ['body', 'input', 'steps'],
        msg: 'ensure this value is less than or equal to 50',
        type: 'value_error.number.not_le',
        ctx: { limit_value: 50 },
      },
      {
        loc: ['body', 'input', 'mode'],
        msg: "value is not a valid enumeration member; permitted: 'ok', 'fail', 'exit'",
        type: 'type_error.enum',
        ctx: { enum_values: ['ok', 'fail', 'exit'] },
      },
      {
        loc: ['body', 'input', 'size'],
        msg: 'value is not a valid enumeration member; permitted: 1, 2, 4',
        type: 'type_error.enum',
        ctx: { enum_values: [1, 2, 4] },
      },
      {
        loc: ['body', 'input', 'image'],
        msg: "'ftp' is not a valid URL scheme. 'data', 'http', or 'https' is supported.",
        type: 'value_error',
      },
    ]);
  });

  it('a body that is not JSON', async () => {
    expect(await refused('POST /predictions', '{bad')).toEqual([
      {
        loc: ['body', 1],
        msg: 'Expecting property name enclosed in double quotes: line 1 column 2 (char 1)',
        type: 'value_error.jsondecode',
        ctx: { msg: 'Expecting property name enclosed in double quotes', doc: '{bad', pos: 1, lineno: 1, colno: 2 },
      },
    ]);
  });

  it('an id that contradicts the URL', async () => {
    expect(await refused('PUT /predictions/zz', { id: 'yy', input: { text: 'a' } })).toEqual([
      { loc: ['body', 'id'], msg: 'prediction ID must match the ID supplied in the URL', type: 'value_error' },
    ]);
  });
});

describe('obj: an object that holds a file', () => {
  it('sync', async () => {
    server = await startQuietly(objModel);
    await server.setupEnded;
    expect(await ask(server, 'POST /predictions', { input: { text: 'hi' } })).toMatchObject({
      status: 200,
      body: {
        input: { text: 'hi', tags: ['a', 'b'] },
        output: { text: 'hi', score: 0.5, file: 'data:text/plain;base64,aGk=', tags: ['a', 'b'] },
        status: 'succeeded',
      },
    });
  });
});
