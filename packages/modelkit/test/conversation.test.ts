/**
 * Conversations recorded with Cog 0.16.12 (generation B), held again with this server. The recorded texts stand here as
 * they were, except for what Python words in its own way: tracebacks, library warnings and network errors.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelServer } from '../src/index.ts';
import { ASYNC, ask, startQuietly, timeless } from './client.ts';
import { hasEnded, type Receiver, type Report, reportOf, startReceiver } from './receiver.ts';
import { concModel, Gate, helloModel, llmModel, objModel } from './recorded-models.ts';

const HELLO_DEFAULTS = { seconds: 0, steps: 4, mode: 'ok', size: 1, flag: false, image: null, key: null, seed: null };
const SETUP = {
  started_at: 'TIME',
  completed_at: 'TIME',
  logs: 'setup: loading weights\nsetup: done\n',
  status: 'succeeded',
};
const BUSY = {
  status: 409,
  contentType: 'application/json',
  body: { detail: 'Already running a prediction' },
};

let server: ModelServer;
let receiver: Receiver;
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await server.stop();
  await receiver.close();
});

/** All reports about a prediction, in order, once its last has arrived. */
async function reportsUntilEnd(id: string): Promise<readonly Report[]> {
  await receiver.first((request) => hasEnded(request) && reportOf(request).id === id);
  return receiver.received.map(reportOf).filter((report) => report.id === id);
}
const timelessReports = async (id: string) => (await reportsUntilEnd(id)).map((report) => timeless(report));

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

describe('hello: busy, async, cancel', () => {
  let gate: Gate;
  beforeEach(async () => {
    gate = new Gate();
    server = await startQuietly(helloModel(gate), [], { COG_THROTTLE_RESPONSE_INTERVAL: '0' });
    await server.setupEnded;
  });

  it('reports start, logs and the end, and refuses a second prediction meanwhile', async () => {
    const input = { text: 'A', ...HELLO_DEFAULTS, seconds: 1.5 };
    const request = { input: { text: 'A', seconds: 1.5 }, webhook: `${receiver.url}/hook` };
    const accepted = await ask(server, 'PUT /predictions/as1', request, ASYNC);
    const processing = {
      input,
      output: null,
      id: 'as1',
      version: null,
      created_at: null,
      started_at: 'TIME',
      completed_at: null,
      error: null,
      status: 'processing',
      metrics: null,
    };
    expect(accepted).toMatchObject({ status: 202, body: processing });
    expect((await ask(server, 'GET /health-check')).body).toEqual({ status: 'BUSY', setup: SETUP });
    expect(await ask(server, 'POST /predictions', { input: { text: 'second' } })).toEqual(BUSY);
    const logs = 'predict text=A image=None\n10%|###| 1/10\n';
    await receiver.first((sent) => reportOf(sent).logs === logs);
    // The same id again, with and without Prefer: the prediction as it stands, not a second one.
    expect(await ask(server, 'PUT /predictions/as1', request, ASYNC)).toMatchObject({
      status: 202,
      body: { ...processing, logs },
    });
    expect(await ask(server, 'PUT /predictions/as1', request)).toMatchObject({ status: 202 });
    gate.open();
    const reports = await timelessReports('as1');
    const { version: _version, completed_at: _completed, error: _error, metrics: _metrics, ...report } = processing;
    expect(reports.at(0)).toEqual({ ...report, logs: '' });
    expect(reports.at(1)).toMatchObject({ ...report, logs: expect.stringContaining('predict text=A image=None\n') });
    expect(reports.at(-1)).toEqual({
      ...report,
      output: 'hello A',
      completed_at: 'TIME',
      logs,
      status: 'succeeded',
      metrics: { predict_time: 'SECONDS' },
    });
    expect(reports.slice(0, -1)).toEqual(
      reports.slice(0, -1).map(() => expect.objectContaining({ status: 'processing' })),
    );
    expect((await ask(server, 'GET /health-check')).body).toEqual({ status: 'READY', setup: SETUP });
  });

  it('a cancel ends it as canceled, without metrics', async () => {
    const request = {
      input: { text: 'B', seconds: 5 },
      webhook: `${receiver.url}/hook`,
      webhook_events_filter: ['completed'],
    };
    expect(await ask(server, 'PUT /predictions/as2', request, ASYNC)).toMatchObject({ status: 202 });
    expect(await ask(server, 'POST /predictions/other/cancel')).toMatchObject({ status: 404, body: {} });
    expect(await ask(server, 'POST /predictions/as2/cancel')).toMatchObject({ status: 200, body: {} });
    expect(await timelessReports('as2')).toEqual([
      {
        input: { text: 'B', ...HELLO_DEFAULTS, seconds: 5 },
        output: null,
        id: 'as2',
        created_at: null,
        started_at: 'TIME',
        completed_at: 'TIME',
        logs: 'predict text=B image=None\n10%|###| 1/10\n',
        status: 'canceled',
      },
    ]);
    expect((await ask(server, 'GET /health-check')).body).toMatchObject({ status: 'READY' });
  });

  it('a finished id runs again', async () => {
    for (const text of ['one', 'two']) {
      expect(await ask(server, 'PUT /predictions/again', { input: { text } })).toMatchObject({
        status: 200,
        body: { output: `hello ${text}` },
      });
    }
  });
});

describe('hello: the worker breaks', () => {
  it('fails what runs, is DEFUNCT and answers 500', async () => {
    server = await startQuietly(helloModel(), ['--await-explicit-shutdown=true']);
    await server.setupEnded;
    const request = {
      input: { text: 'X', seconds: 1 },
      webhook: `${receiver.url}/hook`,
      webhook_events_filter: ['completed'],
    };
    await ask(server, 'PUT /predictions/cr1', request, ASYNC);
    server.breakDown(new Error('exitcode 137'));
    expect((await ask(server, 'GET /health-check')).body).toEqual({ status: 'DEFUNCT', setup: SETUP });
    expect(await reportsUntilEnd('cr1')).toMatchObject([
      {
        id: 'cr1',
        output: null,
        error: 'Prediction failed for an unknown reason. It might have run out of memory? (exitcode 137)',
        status: 'failed',
      },
    ]);
    expect(await ask(server, 'POST /predictions', { input: { text: 'a' } })).toMatchObject({ status: 500 });
  });

  it('delivers that last report before it stops, where nobody waits for a shutdown', async () => {
    server = await startQuietly(helloModel());
    await server.setupEnded;
    const request = { input: { text: 'X', seconds: 1 }, webhook: `${receiver.url}/hook` };
    await ask(server, 'PUT /predictions/cr2', request, ASYNC);
    server.breakDown(new Error('broken'));
    expect(await server.stopped).toBe('defunct');
    expect(receiver.received.map((sent) => reportOf(sent).status)).toContain('failed');
  });
});

describe('llm: pieces of a text', () => {
  it('sync: the list of pieces', async () => {
    server = await startQuietly(llmModel());
    await server.setupEnded;
    const input = { prompt: 'x', max_tokens: 3, delay: 0 };
    expect(await ask(server, 'POST /predictions', { input })).toMatchObject({
      status: 200,
      body: {
        input: { prompt: 'x', max_tokens: 3, delay: 0, fail_after: 0 },
        output: ['x ', 'x ', 'x '],
        logs: 'token 0\ntoken 1\ntoken 2\n',
        status: 'succeeded',
      },
    });
  });

  it('a failure keeps what came before it', async () => {
    server = await startQuietly(llmModel());
    await server.setupEnded;
    const input = { prompt: 'x', max_tokens: 3, fail_after: 2, delay: 0 };
    expect(await ask(server, 'POST /predictions', { input })).toMatchObject({
      status: 200,
      body: { output: ['x ', 'x '], error: 'llm exploded', status: 'failed', metrics: null },
    });
  });

  it('async: accepted with an empty list, then reports that grow, with the bearer token', async () => {
    const gates = Array.from({ length: 4 }, () => new Gate());
    const env = { WEBHOOK_AUTH_TOKEN: 'tok123', COG_THROTTLE_RESPONSE_INTERVAL: '0' };
    server = await startQuietly(llmModel(gates), [], env);
    await server.setupEnded;
    const request = { input: { prompt: 'one two', max_tokens: 4 }, webhook: `${receiver.url}/hook` };
    const accepted = await ask(server, 'PUT /predictions/l1', request, ASYNC);
    expect(accepted).toMatchObject({ status: 202, body: { output: [], status: 'processing' } });
    for (const [index, gate] of gates.entries()) {
      gate.open();
      await receiver.first((sent) => reportOf(sent).output?.length === index + 1);
    }
    const reports = await reportsUntilEnd('l1');
    expect(reports.at(0)).toMatchObject({ output: null, logs: '', status: 'processing' });
    const sizes = reports.slice(1).map((report) => report.output?.length ?? 0);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(reports.at(-1)).toMatchObject({
      output: ['one ', 'two ', 'one ', 'two '],
      logs: 'token 0\ntoken 1\ntoken 2\ntoken 3\n',
      status: 'succeeded',
    });
    expect(receiver.received.every((sent) => sent.headers.authorization === 'Bearer tok123')).toBe(true);
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

describe('conc: COG_MAX_CONCURRENCY=2', () => {
  it('is READY with a free slot, BUSY without, and cancels by id', async () => {
    const gates = { c1: new Gate(), c2: new Gate() };
    server = await startQuietly(concModel(gates), [], { COG_MAX_CONCURRENCY: '2' });
    await server.setupEnded;
    const webhook = `${receiver.url}/hook`;
    const first = { input: { n: 3 }, context: { k: 'v' }, webhook, webhook_events_filter: ['start', 'completed'] };
    expect(await ask(server, 'PUT /predictions/c1', first, ASYNC)).toMatchObject({ status: 202 });
    expect((await ask(server, 'GET /health-check')).body).toMatchObject({ status: 'READY' });
    const second = { input: { n: 3 }, webhook, webhook_events_filter: ['completed'] };
    expect(await ask(server, 'PUT /predictions/c2', second, ASYNC)).toMatchObject({ status: 202 });
    expect((await ask(server, 'GET /health-check')).body).toMatchObject({ status: 'BUSY' });
    expect(await ask(server, 'PUT /predictions/c3', { input: { n: 1 } }, ASYNC)).toEqual(BUSY);
    expect(await ask(server, 'POST /predictions/c2/cancel')).toMatchObject({ status: 200, body: {} });
    expect(await reportsUntilEnd('c2')).toMatchObject([
      { id: 'c2', output: ['a ', 'b '], logs: 'ctx {"id":"c2"}\n', status: 'canceled' },
    ]);
    gates.c1.open();
    const reports = await timelessReports('c1');
    expect(reports).toMatchObject([
      { id: 'c1', output: null, logs: '', status: 'processing' },
      {
        id: 'c1',
        output: ['a ', 'b ', 'c '],
        logs: 'ctx {"k":"v","id":"c1"}\ndone 3\n',
        status: 'succeeded',
        metrics: { tokens: 3, predict_time: 'SECONDS' },
      },
    ]);
  });
});
