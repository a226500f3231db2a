/** The recorded conversations with webhooks; see conversation-sync.test.ts for where they come from. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ModelServer } from '../src/index.ts';
import { ASYNC, ask, startQuietly, timeless } from './client.ts';
import { hasEnded, type Receiver, type Report, reportOf, startReceiver } from './receiver.ts';
import { BUSY, HELLO_DEFAULTS, SETUP } from './recorded-bodies.ts';
import { concModel, Gate, helloModel, llmModel } from './recorded-models.ts';

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

describe('hello: busy, async, cancel', () => {
  let gate: Gate;
  beforeEach(async () => {
    gate = new Gate();
    server = await startQuietly(helloModel(gate), [], { COG_THROTTLE_RESPONSE_INTERVAL: '0.1' });
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
    const env = { WEBHOOK_AUTH_TOKEN: 'tok123', COG_THROTTLE_RESPONSE_INTERVAL: '0.1' };
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
