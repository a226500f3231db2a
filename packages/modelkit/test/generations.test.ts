/** What this server says when it plays one of Cog's own, and where the three of them differ. */
import { describe, expect, it } from 'vitest';
import { readSettings } from '../src/index.ts';
import { ASYNC, ask } from './client.ts';
import { bodyOf, healthOf as health, keysOf, stageForEach } from './play.ts';
import { hasEnded } from './receiver.ts';
import { BUSY, HELLO_DEFAULTS } from './recorded-bodies.ts';
import { concModel, Gate, helloModel } from './recorded-models.ts';

const AS_A_PLATFORM = ['--await-explicit-shutdown=true'];
const { play, playReady, hook, receiver } = stageForEach();

const FULL_COGLET = {
  status: 409,
  contentType: 'application/json',
  body: { error: 'At capacity - all prediction slots busy', status: 'failed' },
};
const NOT_READY_COGLET = {
  status: 503,
  contentType: 'application/json',
  body: {
    error: 'Setup has not finished yet. Wait until it has finished, or GET /health-check for status.',
    status: 'failed',
  },
};
const ECHO = {
  webhook: null,
  webhook_events_filter: ['start', 'output', 'logs', 'completed'],
  output_file_prefix: null,
};

describe('before the setup is over', () => {
  const unfinished = () => helloModel(new Gate(), () => new Promise(() => {}));

  it.each([
    ['A', BUSY, {}],
    ['B', BUSY, {}],
    ['coglet', NOT_READY_COGLET, { started_at: 'TIME', status: 'starting' }],
  ] as const)('%s says so to who asks, and to who sends', async (generation, answer, setup) => {
    const starting = await play(generation, unfinished());
    expect(await ask(starting, 'PUT /predictions/p', { input: { text: 'a' } }, ASYNC)).toEqual(answer);
    expect(await health(starting)).toMatchObject({ status: 'STARTING', setup });
  });
});

describe('the index and the health answer', () => {
  it.each([
    ['A', ['docs_url', 'openapi_url'], ['setup', 'status']],
    ['B', ['cog_version', 'docs_url', 'healthcheck_url'], ['setup', 'status']],
    ['coglet', ['cog_version', 'docs_url', 'healthcheck_url'], ['setup', 'status', 'version']],
  ] as const)('of %s', async (generation, index, told) => {
    const ready = await playReady(generation, helloModel());
    expect(keysOf((await ask(ready, 'GET /')).body)).toEqual(expect.arrayContaining([...index]));
    expect(keysOf(await health(ready))).toEqual(told);
  });
});

describe('a prediction under way', () => {
  const processing = {
    input: { text: 'A', ...HELLO_DEFAULTS, seconds: 1 },
    output: null,
    id: 'p',
    version: null,
    created_at: null,
    started_at: 'TIME',
    completed_at: null,
    error: null,
    status: 'processing',
    metrics: null,
  };
  it.each([
    ['A', processing, processing, BUSY],
    ['B', processing, processing, BUSY],
    [
      'coglet',
      { id: 'p', status: 'starting' },
      { id: 'p', input: processing.input, status: 'processing', metrics: {} },
      FULL_COGLET,
    ],
  ] as const)('%s accepts it, shows it again, and takes no other', async (generation, accepted, again, full) => {
    const gate = new Gate();
    const ready = await playReady(generation, helloModel(gate));
    const request = { input: { text: 'A', seconds: 1 } };
    const first = await ask(ready, 'PUT /predictions/p', request, ASYNC);
    expect(first).toMatchObject({ status: 202, body: accepted });
    if (generation === 'coglet') expect(first.body).toEqual(accepted);
    if (generation === 'A') expect(first.body).toMatchObject(ECHO);
    expect(await ask(ready, 'PUT /predictions/p', request, ASYNC)).toMatchObject({ status: 202, body: again });
    expect(await ask(ready, 'PUT /predictions/q', request, ASYNC)).toEqual(full);
    expect(await health(ready)).toMatchObject({ status: 'BUSY' });
    gate.open();
  });

  it.each([
    ['A', { status: 202 }],
    ['B', { status: 500 }],
    ['coglet', { status: 202 }],
  ] as const)('%s, sent a running id again while a slot is free', async (generation, answer) => {
    const ready = await playReady(generation, concModel({ p: new Gate() }), { env: { COG_MAX_CONCURRENCY: '2' } });
    await ask(ready, 'PUT /predictions/p', { input: {} }, ASYNC);
    expect(await ask(ready, 'PUT /predictions/p', { input: {} }, ASYNC)).toMatchObject(answer);
  });
});

describe('answers that wait for the end', () => {
  it.each(['A', 'B'] as const)('%s: all of it', async (generation) => {
    const ready = await playReady(generation, helloModel());
    const failed = await ask(ready, 'POST /predictions', { input: { text: 'A', mode: 'fail' } });
    expect(failed.body).toMatchObject({ id: null, output: null, metrics: null, status: 'failed' });
    expect((failed.body as { logs: string }).logs).toContain('model failed on purpose');
  });

  it('coglet: no input and no times, and no logs of what failed', async () => {
    const ready = await playReady('coglet', helloModel());
    const succeeded = await ask(ready, 'PUT /predictions/p', { input: { text: 'A' } });
    expect(succeeded).toMatchObject({
      status: 200,
      body: { id: 'p', output: 'hello A', status: 'succeeded', metrics: { predict_time: 'SECONDS' } },
    });
    expect(keysOf(succeeded.body)).toEqual(['id', 'logs', 'metrics', 'output', 'status']);
    const failed = await ask(ready, 'PUT /predictions/p', { input: { text: 'A', mode: 'fail' } });
    expect(failed.body).toEqual({
      id: 'p',
      error: 'model failed on purpose',
      logs: '',
      status: 'failed',
      metrics: { predict_time: 'SECONDS' },
    });
  });
});

describe('what coglet refuses and A and B take', () => {
  it.each(['A', 'B'] as const)(
    '%s takes a text for a number, a null, and a body without a content type',
    async (generation) => {
      const ready = await playReady(generation, helloModel());
      const input = { text: 'a', steps: '7', seed: null };
      expect(await ask(ready, 'POST /predictions', { input })).toMatchObject({ status: 200 });
      const body = JSON.stringify({ input });
      expect((await fetch(`${ready.url}/predictions`, { method: 'POST', body: Buffer.from(body) })).status).toBe(200);
    },
  );

  it('types are those of the schema, and null is none', async () => {
    const server = await playReady('coglet', helloModel());
    const refused = (input: Record<string, unknown>) => ask(server, 'POST /predictions', { input });
    const issue = (name: string, msg: string) => ({ loc: ['body', 'input', name], msg, type: 'value_error' });
    expect(await refused({ text: 'a', steps: '7', seed: null, mode: 'z', flag: 1 })).toMatchObject({
      status: 422,
      body: {
        detail: [
          issue('steps', '"7" is not of type "integer"'),
          issue('mode', '"z" is not one of ["ok", "fail", "exit"]'),
          issue('flag', '1 is not of type "boolean"'),
          issue('seed', 'null is not of type "integer"'),
        ],
      },
    });
    expect((await refused({})).body).toEqual({
      detail: [{ loc: ['body', 'input', 'text'], msg: 'Field required', type: 'value_error.missing' }],
    });
  });

  it('a body without a content type counts as empty, one of another type is refused, streams are not to be had', async () => {
    const { url } = await playReady('coglet', helloModel());
    const post = (headers: Record<string, string>) =>
      fetch(`${url}/predictions`, { method: 'POST', headers, body: Buffer.from('{"input":{"text":"a"}}') });
    expect((await post({})).status).toBe(422);
    expect((await post({ 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post({ 'content-type': 'application/json', accept: 'text/event-stream' })).status).toBe(406);
  });
});

describe('after a failure', () => {
  const failing = () =>
    helloModel(new Gate(), () => {
      throw new Error('boom');
    });
  const SENT = { input: { text: 'a' } };

  it.each([
    ['A', { status: 500 }, /setup: loading weights\nError: boom\n/],
    ['B', { status: 500 }, /setup: loading weights\nError: boom\n/],
    ['coglet', NOT_READY_COGLET, /^worker setup failed \(slot 0\): Setup failed: boom$/],
  ] as const)('%s: of the setup', async (generation, answer, logs) => {
    const broken = await playReady(generation, failing(), { flags: AS_A_PLATFORM });
    expect(await health(broken)).toMatchObject({
      status: 'SETUP_FAILED',
      setup: { status: 'failed', logs: expect.stringMatching(logs) },
    });
    expect(await ask(broken, 'PUT /predictions/p', SENT, ASYNC)).toMatchObject(answer);
  });

  it.each([
    ['A', 'DEFUNCT', /run out of memory\? \(killed\)/, { status: 500 }],
    ['B', 'DEFUNCT', /run out of memory\? \(killed\)/, { status: 500 }],
    ['coglet', 'UNHEALTHY', /^Worker crashed$/, FULL_COGLET],
  ] as const)('%s: of the worker', async (generation, status, error, answer) => {
    const ready = await playReady(generation, helloModel(new Gate()), { flags: AS_A_PLATFORM });
    await ask(ready, 'PUT /predictions/p', { input: { text: 'a', seconds: 1 }, webhook: hook() }, ASYNC);
    ready.breakDown(new Error('killed'));
    expect(bodyOf(await receiver().first(hasEnded))).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(error),
    });
    expect(await health(ready)).toMatchObject({ status });
    expect(await ask(ready, 'PUT /predictions/q', SENT, ASYNC)).toMatchObject(answer);
  });

  it('coglet stays up for who asks, whatever its flags say', async () => {
    const broken = await playReady('coglet', failing());
    expect(await health(broken)).toMatchObject({ status: 'SETUP_FAILED' });
  });
});

it('a generation that there is not is refused by name', () => {
  expect(() => readSettings([], { HEARTH_COG_GENERATION: 'C' })).toThrow(
    "HEARTH_COG_GENERATION is 'C'; it must be one of A, B, coglet",
  );
});
