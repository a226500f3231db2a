import { newId, systemNow } from '@hearth/kit';
import { TransportDown } from '@hearth/queue';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readIdempotencyKey, requestHash } from '../src/predictions/idempotency.ts';
import { createDispatcher, type House, type Problem, startEchoHouse, startHouse } from './harness.ts';

let house: House;
let version: string;
let deploymentId: string;
let dispatcher: ReturnType<typeof createDispatcher>;
beforeAll(async () => {
  ({ house, version, deploymentId, dispatcher } = await startEchoHouse());
});
afterAll(() => house.close());

const INPUT = { text: 'hi', rate: 7 };
const newKey = () => newId(systemNow());
const create = (key: string, body: object = {}, more: Record<string, string> = {}) =>
  house.ask(
    'POST',
    '/v1/predictions',
    { version, input: INPUT, ...body },
    { headers: { 'idempotency-key': key, ...more } },
  );

describe('a create with an Idempotency-Key', () => {
  it('sent again, however its objects are ordered, is the same prediction with one ticket', async () => {
    const key = newKey();
    const waiting = (await house.queues.depth(deploymentId)).waiting;
    const first = await create(key);
    const again = await create(key, { input: { rate: 7, text: 'hi' } });
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body.id).toBe(first.body.id);
    expect(again.headers.location).toBe(first.body.urls.get);
    expect((await house.queues.depth(deploymentId)).waiting).toBe(waiting + 1);
  });

  it('answers the present state of the first, held or not', async () => {
    const key = newKey();
    const { body: first } = await create(key);
    const row = await dispatcher.claim(first.id);
    expect((await create(key)).body).toMatchObject({ id: first.id, status: 'processing' });
    const held = create(key, {}, { prefer: 'wait=30' });
    await dispatcher.finish(row, 'succeeded', { output: ['hi'] });
    const ended = { id: first.id, status: 'succeeded', output: ['hi'] };
    expect(await held).toMatchObject({ status: 201, headers: { 'preference-applied': 'wait=30' }, body: ended });
    expect((await create(key, {}, { prefer: 'wait' })).body).toMatchObject(ended);
  });

  it('says starting when the hold of a repeat runs out, though the first is running', async () => {
    const key = newKey();
    const { body: first } = await create(key);
    await dispatcher.claim(first.id);
    const { body } = await create(key, {}, { prefer: 'wait=1' });
    expect(body).toMatchObject({ id: first.id, status: 'starting' });
  });

  it.each([
    ['another input', { input: { text: 'hi', rate: 8 } }, {}],
    ['another form of its version', { version: 'hearth/echo' }, {}],
    ['a webhook', { webhook: 'https://example.com/hook' }, {}],
    ['a deadline', {}, { 'cancel-after': '1m' }],
  ])('is refused with %s', async (_what, body, headers) => {
    const key = newKey();
    const first = await create(key);
    const refused = await house.ask<Problem>(
      'POST',
      '/v1/predictions',
      { version, input: INPUT, ...body },
      { headers: { 'idempotency-key': key, ...headers } },
    );
    expect(refused).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
    expect(refused.body.detail).toContain(key);
    expect(refused.body.detail).toContain(first.body.id);
  });

  it('is refused on another route', async () => {
    const key = newKey();
    await create(key);
    const headers = { 'idempotency-key': key };
    const other = await house.ask('POST', '/v1/models/hearth/echo/predictions', { input: INPUT }, { headers });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency-key-reused' } });
  });

  it('is repeatable through a model and through a deployment', async () => {
    const made = {
      name: 'echo-keyed',
      model: 'hearth/echo',
      version,
      hardware: 'cpu',
      min_instances: 0,
      max_instances: 1,
    };
    await house.ask('POST', '/v1/deployments', made);
    for (const path of ['/v1/models/hearth/echo/predictions', '/v1/deployments/hearth/echo-keyed/predictions']) {
      const headers = { 'idempotency-key': newKey() };
      const first = await house.ask('POST', path, { input: INPUT }, { headers });
      const again = await house.ask('POST', path, { input: INPUT }, { headers });
      expect([first.status, again.body.id]).toEqual([201, first.body.id]);
    }
  });

  it("is not another account's", async () => {
    const key = newKey();
    const { token } = await house.addCaller('stranger', 'member');
    const headers = { 'idempotency-key': key };
    const first = await create(key);
    const theirs = await house.ask('POST', '/v1/predictions', { version, input: INPUT }, { token, headers });
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(first.body.id);
  });

  it('keeps nothing of a refused request', async () => {
    const key = newKey();
    const refused = await create(key, { input: { text: 7 } });
    expect(refused.status).toBe(422);
    expect((await create(key)).status).toBe(201);
  });

  it('is forgotten after a day', async () => {
    const key = newKey();
    const { body: first } = await create(key);
    expect(await house.store.predictions.forgetKeys(Date.parse(first.created_at), 1_000)).toBeGreaterThanOrEqual(0);
    expect((await create(key)).body.id).toBe(first.id);
    expect(await house.store.predictions.forgetKeys(Date.parse(first.created_at) + 1, 1_000)).toBeGreaterThan(0);
    expect((await create(key)).body.id).not.toBe(first.id);
  });
});

describe('two hundred at once', () => {
  it('make one prediction with one ticket', async () => {
    const key = newKey();
    const waiting = (await house.queues.depth(deploymentId)).waiting;
    const answers = await Promise.all(Array.from({ length: 200 }, () => create(key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await house.queues.depth(deploymentId)).waiting).toBe(waiting + 1);
  });
});

it('a repeat queues what an API that died did not', async () => {
  let down = true;
  const other = await startHouse({
    deps: (deps) => ({
      ...deps,
      queues: {
        ...deps.queues,
        enqueue: (...args) =>
          down ? Promise.reject(new TransportDown('enqueue', new Error('gone'))) : deps.queues.enqueue(...args),
      },
    }),
  });
  try {
    const echo = await other.addModel('echo');
    const again = () =>
      other.ask(
        'POST',
        '/v1/predictions',
        { version: echo.version.id, input: INPUT },
        { headers: { 'idempotency-key': 'k' } },
      );
    const { body: first } = await again();
    expect(await other.queues.depth(echo.deployment.id)).toEqual({ waiting: 0, active: 0 });
    down = false;
    expect((await again()).body.id).toBe(first.id);
    expect(await other.queues.depth(echo.deployment.id)).toEqual({ waiting: 1, active: 0 });
  } finally {
    await other.close();
  }
});

describe('keys', () => {
  it.each(['a', 'x'.repeat(255), '!~#{}', '"quoted"'])('%j is one', (key) => {
    expect(readIdempotencyKey(key)).toBe(key);
  });
  it.each(['', ' ', 'a b', 'x'.repeat(256), 'é', 'a\tb', 'a\0'])('%j is none', (key) => {
    expect(() => readIdempotencyKey(key)).toThrow(/Idempotency-Key/);
  });
  it('hash a request by what it says', () => {
    expect(requestHash({ a: [1, { c: 2, b: 3 }], d: null })).toBe(requestHash({ d: null, a: [1, { b: 3, c: 2 }] }));
    expect(requestHash({ a: [1, 2] })).not.toBe(requestHash({ a: [2, 1] }));
    expect(requestHash({ a: '1' })).not.toBe(requestHash({ a: 1 }));
  });
});
