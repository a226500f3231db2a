import { testRedis } from '@hearth/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GENERATIONS } from './generations.ts';
import { createWorld, eventually, PRICE_MICROS, type World } from './world.ts';

const redis = await testRedis();
afterAll(() => redis?.close());

const ROOMS = [
  ...GENERATIONS.map((generation) => ({ name: `${generation}, over Postgres`, kind: 'postgres' as const, generation })),
  // One generation is enough to see that the transport makes no difference.
  ...(redis ? [{ name: 'B, over Redis', kind: { redisUrl: redis.url }, generation: 'B' as const }] : []),
];

describe.each(ROOMS)('a prediction on $name', ({ kind, generation }) => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld(kind, undefined, generation);
  });
  afterEach(() => world.close());

  const kindsOf = (id: string) => world.notices.filter((notice) => notice.id === id).map(({ kind }) => kind);

  it('succeeds: one start, one report, and a bill for what it ran', async () => {
    await world.dispatch();
    const { model, instance } = await world.stage();
    const id = await world.predict({ text: 'hi' });
    const call = await model.next();
    expect(call).toMatchObject({
      method: 'PUT',
      id: `${id}-1`,
      input: { text: 'hi' },
      events: ['output', 'logs', 'completed'],
    });
    expect(
      await call.report({
        status: 'succeeded',
        output: 'hello',
        logs: 'said it\n',
        metrics: { predict_time: 0, tokens: 3 },
      }),
    ).toBe(200);
    const row = await world.get(id);
    expect(row).toMatchObject({
      status: 'succeeded',
      output: 'hello',
      logs: 'said it\n',
      error: null,
      attempt: 1,
      instanceId: instance.id,
    });
    expect(row.metrics).toMatchObject({ tokens: 3, predict_time: 0, total_time: expect.any(Number) });
    expect(row.startedAt).toBeGreaterThanOrEqual(row.createdAt);
    expect(await world.store.usage.list({ limit: 9 })).toMatchObject([
      { predictionId: id, attempt: 1, status: 'succeeded', costMicros: 0 },
    ]);
    // A run this short need not be told of twice.
    await eventually(() => expect(kindsOf(id).filter((kind) => kind !== 'started')).toEqual(['finished']));
    await eventually(async () =>
      expect((await world.store.instances.observe()).instances[0]?.lastUsedAt).toBeGreaterThan(0),
    );
  });

  it('streams: output and logs grow in the store in the order they came, then it ends', async () => {
    const { id, call } = await world.begin({ progressMs: 1 });
    for (const output of [['a'], ['a', 'b'], ['a', 'b', 'c']]) {
      await call.report({ status: 'processing', output, logs: output.join('') });
      await eventually(async () =>
        expect(await world.get(id)).toMatchObject({ status: 'processing', output, logs: output.join('') }),
      );
    }
    await eventually(() => expect(kindsOf(id)).toContain('started'));
    await call.report({ status: 'succeeded', output: ['a', 'b', 'c', 'd'], logs: 'abcd' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', output: ['a', 'b', 'c', 'd'], logs: 'abcd' });
    const { metrics } = await world.get(id);
    const [usage] = await world.store.usage.list({ limit: 9 });
    expect(usage?.predictMicroseconds).toBeGreaterThan(0);
    expect(usage?.predictMicroseconds).toBe(Number(metrics?.predict_time) * 1_000_000);
    expect(usage?.costMicros).toBe(Math.round(((usage?.predictMicroseconds ?? 0) * PRICE_MICROS) / 1_000_000));
    await eventually(() => expect(kindsOf(id).at(-1)).toBe('finished'));
    expect(new Set(kindsOf(id))).toEqual(new Set(['started', 'delta', 'progress', 'finished']));
  });

  it('ends once, whatever comes twice, late or out of order', async () => {
    const { id, call } = await world.begin();
    const end = { status: 'succeeded', output: ['a', 'b'], logs: '12' };
    await Promise.all([
      call.report({ status: 'processing', output: ['a'] }),
      call.report(end),
      call.report(end),
      call.report({ status: 'starting' }),
    ]);
    expect(await call.report({ status: 'failed', error: 'too late' })).toBe(200);
    expect(await call.report({ status: 'processing', output: [] })).toBe(200);
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', output: ['a', 'b'], logs: '12', error: null });
    expect(await world.store.usage.list({ limit: 9 })).toHaveLength(1);
  });

  it('takes the report that overtakes the answer to the start', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    model.onStart = async (call) => {
      expect(await call.report({ status: 'succeeded', output: 1 })).toBe(200);
      return { status: 202 };
    };
    const first = await world.predict();
    expect(await world.ended(first)).toMatchObject({ status: 'succeeded', output: 1 });
    expect(await world.ended(await world.predict())).toMatchObject({ status: 'succeeded' });
  });

  it('fails with the words of the model, billed for what ran, and the instance is asked how it is', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    const id = await world.predict();
    await (await model.next()).report({
      status: 'failed',
      error: 'no such word',
      logs: 'Traceback',
      started_at: '2026-01-01T00:00:00Z',
      completed_at: '2026-01-01T00:00:00.001Z',
    });
    expect(await world.get(id)).toMatchObject({ status: 'failed', error: 'no such word', logs: 'Traceback' });
    expect(await world.store.usage.list({ limit: 9 })).toMatchObject([
      { predictMicroseconds: 1_000, costMicros: 1_000, status: 'failed' },
    ]);
    await eventually(() => expect(model.asked).toBe(1));
    expect((await world.store.instances.observe()).instances[0]?.unhealthy).toBeNull();
  });

  it('runs on a server without the asynchronous mode, whose answer is the end', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    model.onStart = (call) =>
      call.method === 'PUT' ? { status: 405 } : { status: 200, body: { status: 'succeeded', output: call.input.n } };
    for (const n of [1, 2])
      expect(await world.ended(await world.predict({ n }))).toMatchObject({ status: 'succeeded', output: n });
    expect(model.calls.map(({ method }) => method)).toEqual(['PUT', 'POST', 'POST']);
    expect(await world.store.usage.list({ limit: 9 })).toHaveLength(2);
  });

  it('goes to another instance when its own says that it is full, and that costs no attempt', async () => {
    await world.dispatch();
    const full = await world.stage();
    full.model.onStart = () => full.model.speech.full;
    const id = await world.predict();
    await full.model.next();
    const free = await world.stage();
    const call = await free.model.next();
    await call.report({ status: 'succeeded', output: 'here' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', lostAttempts: 0, instanceId: free.instance.id });
    expect(kindsOf(id)).toContain('returned');
    expect(await world.store.usage.list({ limit: 9 })).toHaveLength(1);
  });

  it('is sent again where a container frees its slot a moment late', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    model.onStart = (call, earlier) => (earlier < 2 ? model.speech.full : model.speech.accepted(call.sent));
    const id = await world.predict();
    const calls = [await model.next(), await model.next(), await model.next()];
    await calls[2]?.report({ status: 'succeeded' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
  });

  it('fails with the fields that the container refused, unbilled', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    const detail = [{ loc: ['body', 'input', 'steps'], msg: 'ensure this value is less than 50', type: 'value_error' }];
    model.onStart = () => ({ status: 422, body: { detail } });
    expect(await world.ended(await world.predict())).toMatchObject({
      status: 'failed',
      error: 'The model refused its input:\n- input.steps: ensure this value is less than 50',
    });
    expect(await world.store.usage.list({ limit: 9 })).toEqual([]);
  });

  it('fails when the server breaks under it but goes on', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    model.onStart = () => ({ status: 500, body: 'Internal Server Error' });
    const row = await world.ended(await world.predict());
    expect(row).toMatchObject({ status: 'failed', error: `The model's server answered 500: "Internal Server Error"` });
  });

  it('is canceled while it waits: free, its ticket gone', async () => {
    await world.dispatch();
    const id = await world.predict();
    await world.cancel(id);
    expect(await world.ended(id)).toMatchObject({ status: 'canceled', attempt: 0, error: null });
    expect(await world.store.usage.list({ limit: 9 })).toEqual([]);
    await eventually(async () =>
      expect(await world.transport.queues.depth(world.deployment.id)).toEqual({ waiting: 0, active: 0 }),
    );
  });

  it('is canceled while it runs: by the container, billed for what ran', async () => {
    const { model, id, call } = await world.begin();
    await call.report({ status: 'processing', output: ['some'] });
    await world.cancel(id);
    await eventually(() => expect(model.canceled).toEqual([call.id]));
    expect((await world.get(id)).status).toBe('processing');
    await call.report({ status: 'canceled' });
    expect(await world.get(id)).toMatchObject({ status: 'canceled', output: ['some'], error: null });
    expect(await world.store.usage.list({ limit: 9 })).toMatchObject([{ status: 'canceled' }]);
  });

  it('is canceled against the will of its container, which then gets nothing more', async () => {
    const { model, instance, id } = await world.begin({ cancelGraceMs: 100 });
    await world.cancel(id);
    expect(await world.ended(id)).toMatchObject({ status: 'canceled' });
    await eventually(async () => {
      const [seen] = (await world.store.instances.observe()).instances;
      expect(seen).toMatchObject({
        id: instance.id,
        unhealthy: 'it did not stop a canceled prediction within 100ms',
        intakeClosed: true,
      });
    });
    const next = await world.predict();
    const other = await world.stage();
    expect((await other.model.next()).id).toContain(next);
    expect(model.calls).toHaveLength(1);
  });

  it('succeeds if it was over before the cancel arrived', async () => {
    const { model, id, call } = await world.begin();
    await world.cancel(id);
    await eventually(() => expect(model.canceled).toHaveLength(1));
    await call.report({ status: 'succeeded', output: 'in time' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', output: 'in time' });
  });

  it('is aborted at a deadline before the start, without waiting for the next look', async () => {
    await world.dispatch({ reconcileMs: 60_000 });
    const id = await world.predict({}, { deadlineAt: Date.now() + 300 });
    world.transport.bus.poke('dispatcher');
    const row = await world.ended(id);
    expect(row).toMatchObject({ status: 'aborted', error: 'The deadline passed before it could start.' });
    expect(await world.store.usage.list({ limit: 9 })).toEqual([]);
  });

  it('is canceled at a deadline while it runs', async () => {
    const { model, id, call } = await world.begin({ reconcileMs: 60_000 });
    // Only now that it runs, however long that took.
    await world.query('update predictions set deadline_at = $2 where id = $1', [id, new Date(Date.now() + 100)]);
    world.transport.bus.poke('dispatcher');
    await eventually(() => expect(model.canceled).toEqual([call.id]));
    await call.report({ status: 'canceled' });
    expect(await world.get(id)).toMatchObject({ status: 'canceled' });
  });

  it('fails when it runs for too long, whatever the container calls that', async () => {
    const { model, id, call } = await world.begin({ predictionTimeoutMs: 100 });
    await eventually(() => expect(model.canceled).toEqual([call.id]));
    await call.report({ status: 'canceled', output: ['half'] });
    expect(await world.get(id)).toMatchObject({
      status: 'failed',
      error: 'Prediction timed out after 100ms.',
      output: ['half'],
    });
    expect(await world.store.usage.list({ limit: 9 })).toHaveLength(1);
  });
});

describe('what a container is asked to report', () => {
  const iterator = { type: 'array', items: { type: 'string' }, 'x-cog-array-type': 'iterator' };
  it.each([
    ['only logs and the end, where the output comes whole', { type: 'string' }, ['logs', 'completed']],
    ['output too, where it comes piece by piece', iterator, ['output', 'logs', 'completed']],
    ['output too, where nobody knows', undefined, ['output', 'logs', 'completed']],
  ])('is %s', async (_, output, events) => {
    const world = await createWorld('postgres', output);
    await world.dispatch();
    const { model } = await world.stage();
    await world.predict();
    const call = await model.next();
    expect(call.events).toEqual(events);
    await call.report({ status: 'succeeded' });
    await world.close();
  });
});
