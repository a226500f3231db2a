import { afterEach, describe, expect, it } from 'vitest';
import type { Model, ModelServer } from '../src/index.ts';
import { ASYNC, ask, startQuietly } from './client.ts';
import { hasEnded, type Received, type Receiver, reportOf, startReceiver } from './receiver.ts';
import { Gate, helloModel, llmModel } from './recorded-models.ts';

let server: ModelServer;
let receiver: Receiver;
afterEach(async () => {
  await server.stop();
  await receiver.close();
});

async function start(model: Model, env: Record<string, string>, answer?: Parameters<typeof startReceiver>[0]) {
  receiver = await startReceiver(answer);
  server = await startQuietly(model, [], env);
  await server.setupEnded;
}

const outputOf = (request: Received) => reportOf(request).output;
const statuses = () => receiver.received.map((request) => reportOf(request).status);
const tokens = (max_tokens: number) => ({ input: { prompt: 'a', max_tokens }, webhook: `${receiver.url}/hook` });

describe('throttling', () => {
  it('within one interval only the start and the end are told', async () => {
    await start(llmModel(), { COG_THROTTLE_RESPONSE_INTERVAL: '60' });
    await ask(server, 'PUT /predictions/t1', tokens(50), ASYNC);
    await receiver.first(hasEnded);
    expect(statuses()).toEqual(['processing', 'succeeded']);
    expect(receiver.received.map((request) => outputOf(request)?.length ?? null)).toEqual([null, 50]);
  });

  it('what was held back is told when the interval is over, without anything new happening', async () => {
    const gates = [new Gate(), new Gate()];
    gates[0]?.open();
    await start(llmModel(gates), { COG_THROTTLE_RESPONSE_INTERVAL: '0.05' });
    await ask(server, 'PUT /predictions/t2', tokens(2), ASYNC);
    const update = await receiver.first((request) => outputOf(request)?.length === 1);
    expect(reportOf(update)).toMatchObject({ status: 'processing', logs: 'token 0\n' });
    gates[1]?.open();
    expect(outputOf(await receiver.first(hasEnded))).toEqual(['a ', 'a ']);
  });

  it('below 0.1 s the start is not told: the first report has the first piece, as soon as it is yielded', async () => {
    const gates = [new Gate(), new Gate()];
    await start(llmModel(gates), { COG_THROTTLE_RESPONSE_INTERVAL: '0.001' });
    await ask(server, 'PUT /predictions/t4', { ...tokens(2), webhook_events_filter: ['start', 'output'] }, ASYNC);
    gates[0]?.open();
    const first = await receiver.first(() => true);
    expect(outputOf(first)).toEqual(['a ']);
    gates[1]?.open();
    await receiver.first((sent) => outputOf(sent)?.length === 2);
  });

  it('a slow receiver gets the latest state, in order, and nothing after the end', async () => {
    await start(llmModel(), { COG_THROTTLE_RESPONSE_INTERVAL: '0' });
    await ask(server, 'PUT /predictions/t3', tokens(200), ASYNC);
    await receiver.first(hasEnded);
    expect(receiver.received.length).toBeLessThan(100);
    expect(statuses().lastIndexOf('processing')).toBeLessThan(statuses().indexOf('succeeded'));
    expect(statuses().filter((status) => status === 'succeeded')).toHaveLength(1);
  });
});

describe('the events filter', () => {
  it('only what was asked for', async () => {
    const gate = new Gate();
    await start(helloModel(gate), { COG_THROTTLE_RESPONSE_INTERVAL: '0' });
    const webhook = `${receiver.url}/hook`;
    const request = { input: { text: 'a', seconds: 1 }, webhook, webhook_events_filter: ['logs', 'completed'] };
    await ask(server, 'PUT /predictions/f1', request, ASYNC);
    await receiver.first((sent) => reportOf(sent).logs.includes('10%'));
    gate.open();
    await receiver.first(hasEnded);
    expect(receiver.received.every((sent) => reportOf(sent).logs !== '')).toBe(true);
  });

  it('an output held back is still told where nobody asked for the end', async () => {
    await start(llmModel(), { COG_THROTTLE_RESPONSE_INTERVAL: '60' });
    const request = { ...tokens(3), webhook_events_filter: ['output'] };
    await ask(server, 'PUT /predictions/f2', request, ASYNC);
    const last = await receiver.first((sent) => outputOf(sent)?.length === 3);
    expect(reportOf(last)).toMatchObject({ id: 'f2' });
  });
});

describe('the last report', () => {
  const onlyEnd = () => ({
    input: { text: 'a' },
    webhook: `${receiver.url}/hook`,
    webhook_events_filter: ['completed'],
  });

  it('is tried again on 429, 5xx and a broken connection, with the slot free meanwhile', async () => {
    const replies = [{ status: 429 }, { status: 503 }, 'hang up', { status: 200 }] as const;
    let tries = 0;
    await start(helloModel(), {}, () => replies[tries++] ?? { status: 200 });
    await ask(server, 'PUT /predictions/r1', onlyEnd(), ASYNC);
    await receiver.first(hasEnded);
    expect(await ask(server, 'POST /predictions', { input: { text: 'next' } })).toMatchObject({ status: 200 });
    await expect.poll(() => receiver.received.length).toBe(4);
    expect(new Set(receiver.received.map((sent) => sent.text)).size).toBe(1);
  });

  it('is not tried again when it is refused', async () => {
    await start(helloModel(), {}, () => ({ status: 400 }));
    await ask(server, 'PUT /predictions/r2', onlyEnd(), ASYNC);
    await receiver.first(hasEnded);
    // A shutdown waits for reports under way; a second try would be among them.
    await ask(server, 'POST /shutdown');
    await server.stopped;
    expect(receiver.received).toHaveLength(1);
  });
});

describe('headers', () => {
  it('passes the trace on and says who it is', async () => {
    await start(helloModel(), { COG_USER_AGENT: 'hearth-test/1' });
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=b' };
    const request = { input: { text: 'a' }, webhook: `${receiver.url}/hook` };
    await ask(server, 'PUT /predictions/h1', request, { ...ASYNC, ...trace });
    const sent = await receiver.first(hasEnded);
    expect(sent.headers).toMatchObject({ ...trace, 'content-type': 'application/json' });
    expect(sent.headers['user-agent']).toMatch(/^cog-worker\/\S+ hearth-test\/1$/);
    expect(sent.headers).not.toHaveProperty('authorization');
  });
});
