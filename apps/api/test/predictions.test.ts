import { TransportDown } from '@hearth/queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, startEchoHouse, startHouse, waitForPrediction } from './harness.ts';

let house: House;
let version: string;
let dispatcher: ReturnType<typeof createDispatcher>;
let deploymentId: string;
beforeAll(async () => {
  ({ house, version, deploymentId, dispatcher } = await startEchoHouse());
});
afterAll(() => house.close());

const create = (body: object = {}, headers: Record<string, string> = {}) =>
  house.ask('POST', '/v1/predictions', { version, input: { text: 'hi' }, ...body }, { headers });

describe('creating a prediction', () => {
  it('answers what Replicate answers, and queues a ticket', async () => {
    const before = await house.queues.depth(deploymentId);
    const { status, body, headers } = await create({ input: { text: 'hi', rate: null } });
    expect(status).toBe(201);
    expect(headers.location).toBe(body.urls.get);
    expect(body).toEqual({
      id: expect.stringMatching(/^[a-z0-9]{26}$/),
      model: 'hearth/echo',
      version,
      input: { text: 'hi' },
      output: null,
      logs: '',
      error: null,
      status: 'starting',
      source: 'api',
      data_removed: false,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      waiting: {
        reason: 'queued',
        detail: 'No instance is up yet.',
        phase: null,
        since: body.created_at,
        position: 0,
        progress: null,
        eta_seconds: null,
      },
      urls: {
        web: `http://hearth.test/p/${body.id}`,
        get: `http://hearth.test/v1/predictions/${body.id}`,
        cancel: `http://hearth.test/v1/predictions/${body.id}/cancel`,
        stream: expect.stringMatching(`^http://hearth.test/v1/streams/${body.id}\\.`),
      },
    });
    expect((await house.queues.depth(deploymentId)).waiting).toBe(before.waiting + 1);
    expect(await house.store.predictions.get(body.id)).toMatchObject({
      status: 'starting',
      deploymentId,
      deployment: null,
    });
  });

  it.each([
    ['64 hex digits', () => version],
    ['owner/name', () => 'hearth/echo'],
    ['owner/name:64 hex digits', () => `hearth/echo:${version}`],
  ])('takes a version as %s', async (_form, reference) => {
    expect((await create({ version: reference() })).body).toMatchObject({ version, status: 'starting' });
  });

  it('takes a model in the path, and an old client that says /v1 twice', async () => {
    const body = { input: { text: 'hi' }, stream: true, webhook_completed: null };
    expect((await house.ask('POST', '/v1/v1/models/hearth/echo/predictions', body)).body).toMatchObject({ version });
  });

  it('through a deployment names it', async () => {
    const made = {
      name: 'echo-fast',
      model: 'hearth/echo',
      version,
      hardware: 'cpu',
      min_instances: 0,
      max_instances: 1,
    };
    expect((await house.ask('POST', '/v1/deployments', made)).status).toBe(200);
    const { body } = await house.ask('POST', '/v1/deployments/hearth/echo-fast/predictions', { input: { text: 'hi' } });
    expect(body).toMatchObject({ deployment: 'hearth/echo-fast', model: 'hearth/echo', version });
  });

  it('pokes the scheduler', async () => {
    const poked = new Promise<void>((resolve) => house.bus.onPoke('scheduler', resolve));
    await create();
    await poked;
  });

  it('keeps a webhook and its filter for the dispatcher', async () => {
    const { body } = await create({ webhook: 'https://example.com/hook?a=1', webhook_events_filter: ['completed'] });
    expect(body).toMatchObject({ webhook: 'https://example.com/hook?a=1', webhook_events_filter: ['completed'] });
  });

  it('gives a Cancel-After a deadline', async () => {
    const { body } = await create({}, { 'cancel-after': '1m' });
    expect(Date.parse(body.deadline ?? '') - Date.parse(body.created_at)).toBe(60_000);
  });

  it('stands where the queue is down: the sweep will queue it', async () => {
    const down = await startHouse({
      deps: (deps) => ({
        ...deps,
        queues: { ...deps.queues, enqueue: () => Promise.reject(new TransportDown('enqueue', new Error('gone'))) },
      }),
    });
    try {
      const echo = await down.addModel('echo');
      const { status, body } = await down.ask('POST', '/v1/predictions', {
        version: echo.version.id,
        input: { text: 'hi' },
      });
      expect(status).toBe(201);
      expect(await down.store.predictions.waitingTickets(null, 10)).toMatchObject([
        { predictionId: body.id, attempt: 0 },
      ]);
    } finally {
      await down.close();
    }
  });
});

describe('a held answer', () => {
  it('has the output as soon as there is one', async () => {
    const caller = await house.addCaller('patient', 'member');
    const answer = house.ask(
      'POST',
      '/v1/predictions',
      { version, input: { text: 'hi' } },
      { token: caller.token, headers: { prefer: 'wait' } },
    );
    const row = await dispatcher.claim((await waitForPrediction(house, caller.account.id)).id);
    await dispatcher.finish(row, 'succeeded', { output: ['hi'], logs: 'said hi\n' });
    const { status, headers, body } = await answer;
    expect(status).toBe(201);
    expect(headers['preference-applied']).toBe('wait');
    expect(body).toMatchObject({
      status: 'succeeded',
      output: ['hi'],
      logs: 'said hi\n',
      metrics: { predict_time: 0.5 },
    });
    expect(body.completed_at).toMatch(/Z$/);
  });

  it('is 201 for a failed one too', async () => {
    const caller = await house.addCaller('unlucky', 'member');
    const answer = house.ask(
      'POST',
      '/v1/predictions',
      { version, input: { text: 'hi' } },
      { token: caller.token, headers: { prefer: 'wait=30' } },
    );
    const row = await dispatcher.claim((await waitForPrediction(house, caller.account.id)).id);
    await dispatcher.finish(row, 'failed', { error: 'boom' });
    expect(await answer).toMatchObject({
      status: 201,
      headers: { 'preference-applied': 'wait=30' },
      body: { status: 'failed', error: 'boom' },
    });
  });

  it('says starting when its time is up, though the model is running', async () => {
    const caller = await house.addCaller('hasty', 'member');
    const begun = performance.now();
    const answer = house.ask(
      'POST',
      '/v1/predictions',
      { version, input: { text: 'hi' } },
      { token: caller.token, headers: { prefer: 'wait=1' } },
    );
    const row = await dispatcher.claim((await waitForPrediction(house, caller.account.id)).id);
    await dispatcher.progress(row, { output: ['h'], logs: 'h' });
    const { body } = await answer;
    // What it was told, and not the 59 s of a bare wait.
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(body).toMatchObject({ id: row.id, status: 'starting', output: null, logs: '' });
    expect(body.started_at).toBeUndefined();
    expect((await house.ask('GET', `/v1/predictions/${row.id}`)).body).toMatchObject({
      status: 'processing',
      output: ['h'],
    });
  });

  it('ends when the caller hangs up; the prediction goes on', async () => {
    const caller = await house.addCaller('gone', 'member');
    const url = await house.app.listen({ port: 0, host: '127.0.0.1' });
    const hangUp = new AbortController();
    const answer = fetch(`${url}/v1/predictions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${caller.token}`, 'content-type': 'application/json', prefer: 'wait' },
      body: JSON.stringify({ version, input: { text: 'hi' } }),
      signal: hangUp.signal,
    });
    const { id } = await waitForPrediction(house, caller.account.id);
    hangUp.abort();
    await expect(answer).rejects.toThrow(/abort/i);
    const row = await dispatcher.claim(id);
    await dispatcher.finish(row, 'succeeded', { output: ['hi'] });
    expect((await house.ask('GET', `/v1/predictions/${id}`)).body.status).toBe('succeeded');
  });
});

it('a warm create costs one insert and one enqueue', async () => {
  const calls: string[] = [];
  const counted = <Group extends object>(group: Group, name: string): Group =>
    new Proxy(group, {
      get(target, key, receiver) {
        const member: unknown = Reflect.get(target, key, receiver);
        if (typeof member === 'object' && member !== null) return counted(member, String(key));
        if (typeof member === 'function') calls.push(`${name}.${String(key)}`);
        return member;
      },
    });
  const watched = await startHouse({
    deps: (deps) => ({ ...deps, store: counted(deps.store, 'store'), queues: counted(deps.queues, 'queues') }),
  });
  try {
    const { version: one } = await watched.addModel('echo');
    const body = { version: one.id, input: { text: 'hi' } };
    await watched.ask('POST', '/v1/predictions', body);
    calls.length = 0;
    expect((await watched.ask('POST', '/v1/predictions', body)).status).toBe(201);
    // Why it waits is looked up twice a second at most, for all who wait for the same deployment.
    const lookedUp = [
      'deployments.status',
      'instances.list',
      'predictions.line',
      'instances.recentBoots',
      'usage.recentRuns',
    ];
    const hotPath = calls.filter((call) => !lookedUp.includes(call));
    expect(hotPath).toEqual(['predictions.insert', 'queues.enqueue']);
  } finally {
    await watched.close();
  }
});
