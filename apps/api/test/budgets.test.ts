import type { ProblemBody, WireBudget, WirePrediction } from '@hearth/contract';
import { createMetrics, hashToken, newToken } from '@hearth/kit';
import { createStore } from '@hearth/store';
import Replicate from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../src/app.ts';
import { createDispatcher, type House, startEchoHouse } from './harness.ts';

let house: House;
let deploymentId: string;
let version: string;
let dispatcher: ReturnType<typeof createDispatcher>;
beforeAll(async () => {
  ({ house, version, deploymentId, dispatcher } = await startEchoHouse());
});
afterAll(() => house.close());

/** What a run of a minute on `cpu` may cost at 100 millionths a second, with the twelve seconds that it takes to end one. */
const HOLD = 7_200;
const body = { version: 'hearth/echo', input: { text: 'hi' } };
const create = <Body = WirePrediction>(token: string, more: { headers?: Record<string, string>; body?: object } = {}) =>
  house.ask<Body>('POST', '/v1/predictions', { ...body, ...more.body }, { token, headers: more.headers ?? {} });
const setBudget = (username: string, limits: object) =>
  house.ask<WireBudget>('PUT', `/v1/accounts/${username}/budget`, limits);
const budgetOf = async (username: string) => {
  const { body: budgets } = await house.ask<WireBudget[]>('GET', '/v1/budgets');
  return budgets.find(({ account, token }) => account === username && token === null);
};
const queued = async () => (await house.queues.depth(deploymentId)).waiting;
const made = async (accountId: string) => (await house.store.predictions.list({ accountId, limit: 100 })).length;
const addToken = async (accountId: string) => {
  const token = newToken();
  const { id } = await house.store.accounts.addToken({
    accountId,
    name: 'second',
    scope: 'run',
    operator: false,
    hash: hashToken(token),
    hint: token.slice(-4),
  });
  return { id, token };
};

describe('over a budget', () => {
  it('a create is a 402 that says whose limit it is, and leaves nothing', async () => {
    const { token, account } = await house.addCaller('spent', 'member');
    const set = await setBudget('spent', { day_micros: 2 * HOLD - 1, month_micros: 10 * HOLD });
    expect(set).toMatchObject({
      status: 200,
      body: { account: 'spent', token: null, day: { limit_micros: 2 * HOLD - 1, spent_micros: 0 }, held_micros: 0 },
    });
    expect((await create(token)).status).toBe(201);
    const before = await queued();
    const refused = await create<ProblemBody>(token);
    expect(refused).toMatchObject({
      status: 402,
      headers: { 'content-type': expect.stringContaining('application/problem+json') },
      body: {
        code: 'budget-exceeded',
        title: 'Budget exceeded',
        budget: {
          account: 'spent',
          token: null,
          period: 'day',
          limit_micros: 2 * HOLD - 1,
          spent_micros: 0,
          held_micros: HOLD,
          needed_micros: HOLD,
          ends_at: expect.stringMatching(/T00:00:00\.000Z$/),
        },
      },
    });
    expect(refused.body.detail).toMatch(
      /^Account spent may spend 0\.014399 a day: 0 is spent, 0\.0072 is held for what has not ended, and this needs 0\.0072\. The day ends at /,
    );
    expect(refused.headers['retry-after']).toBeUndefined();
    expect([await queued(), await made(account.id)]).toEqual([before, 1]);
  });

  it('a cancel gives its hold back, and what is spent stays spent', async () => {
    const { token } = await house.addCaller('returning', 'member');
    await setBudget('returning', { month_micros: HOLD });
    const first = await create(token);
    expect((await create(token)).status).toBe(402);
    const row = await house.store.predictions.get(first.body.id);
    if (row === null) throw new Error('nothing was made');
    await dispatcher.finish(row, 'canceled');
    expect(await budgetOf('returning')).toMatchObject({ held_micros: 0, in_flight: 0, month: { spent_micros: 0 } });
    expect((await create(token)).status).toBe(201);
  });

  it('a repeated request answers the prediction that it made, and holds nothing more', async () => {
    const { token } = await house.addCaller('repeating', 'member');
    await setBudget('repeating', { day_micros: HOLD });
    const headers = { 'idempotency-key': 'once' };
    const [one, other] = [await create(token, { headers }), await create(token, { headers })];
    expect([one.status, other.status, other.body.id]).toEqual([201, 201, one.body.id]);
    expect(await budgetOf('repeating')).toMatchObject({ held_micros: HOLD, in_flight: 1 });
    const refused = await create(token, { headers: { 'idempotency-key': 'twice' } });
    expect(refused.status).toBe(402);
  });

  it("Replicate's client tells it and does not try again", async () => {
    const { token } = await house.addCaller('official', 'member');
    await setBudget('official', { day_micros: 0 });
    let requests = 0;
    const replicate = new Replicate({
      auth: token,
      baseUrl: 'http://hearth.test/v1',
      fetch: async (_input, init) => {
        requests++;
        const answer = await create<ProblemBody>(token, { headers: Object.fromEntries(new Headers(init?.headers)) });
        return new Response(answer.text, { status: answer.status });
      },
    });
    await expect(replicate.predictions.create(body)).rejects.toThrow(/402.*Account official may spend 0 a day/s);
    expect(requests).toBe(1);
  });
});

describe('the budget of a token', () => {
  it('limits it alone, and counts in that of its account', async () => {
    const { token, account } = await house.addCaller('shared', 'member');
    const second = await addToken(account.id);
    await setBudget('shared', { day_micros: 3 * HOLD });
    const set = (limits: object, as = token) =>
      house.ask<WireBudget>('PUT', `/v1/tokens/${second.id}/budget`, limits, { token: as });
    expect(await set({ day_micros: HOLD })).toMatchObject({
      status: 200,
      body: { account: 'shared', token: { id: second.id, name: 'second' }, day: { limit_micros: HOLD } },
    });
    expect((await set({ day_micros: null }, second.token)).status).toBe(403);
    expect((await set({ day_micros: null }, (await house.addCaller('stranger', 'member')).token)).status).toBe(404);

    expect((await create(second.token)).status).toBe(201);
    const refused = await create<ProblemBody>(second.token);
    expect(refused).toMatchObject({ status: 402, body: { budget: { token: { id: second.id, name: 'second' } } } });
    expect([(await create(token)).status, (await create(token)).status, (await create(token)).status]).toEqual([
      201, 201, 402,
    ]);
    const seen = await house.ask<WireBudget[]>('GET', '/v1/budgets', undefined, { token });
    expect(seen.body.map((one) => [one.token?.name ?? null, one.held_micros, one.in_flight])).toEqual([
      [null, 3 * HOLD, 3],
      ['second', HOLD, 1],
    ]);
    expect((await house.ask('DELETE', `/v1/tokens/${second.id}/budget`, undefined, { token })).status).toBe(204);
    expect((await house.ask('DELETE', `/v1/tokens/${second.id}/budget`, undefined, { token })).status).toBe(404);
  });

  it('refuses one prediction too many in flight for now', async () => {
    const { account } = await house.addCaller('busy', 'member');
    const { id, token } = await addToken(account.id);
    await house.ask('PUT', `/v1/tokens/${id}/budget`, { max_in_flight: 1 });
    const first = await create(token);
    const refused = await create<ProblemBody>(token);
    expect(refused).toMatchObject({
      status: 429,
      headers: { 'retry-after': '5' },
      body: {
        code: 'too-many-in-flight',
        detail: 'Token "second" of account busy may have one prediction in flight, and has 1.',
      },
    });
    const row = await house.store.predictions.get(first.body.id);
    if (row === null) throw new Error('nothing was made');
    await dispatcher.finish(row, 'canceled');
    expect((await create(token)).status).toBe(201);
  });

  it('and that of its account say how fast it may create', async () => {
    const { account } = await house.addCaller('fast', 'member');
    const [one, other] = [await addToken(account.id), await addToken(account.id)];
    await setBudget('fast', { creates_per_minute: 4 });
    await house.ask('PUT', `/v1/tokens/${one.id}/budget`, { creates_per_minute: 3 });
    const answers = [];
    for (const token of [one, one, one, one, other, other].map((each) => each.token))
      answers.push(await create<ProblemBody>(token));
    expect(answers.map(({ status, headers }) => [status, headers['ratelimit-remaining']])).toEqual([
      [201, '2'],
      [201, '1'],
      [201, '0'],
      [429, '0'],
      [201, '0'],
      [429, '0'],
    ]);
    expect(answers[3]?.body.detail).toMatch(/Your rate limit for creating predictions is 3 a minute/);
    expect(answers[5]?.body.detail).toMatch(/with all tokens of your account is 4 a minute/);
  });
});

describe('setting budgets', () => {
  it('is for operators, and checks what it is given', async () => {
    const { token } = await house.addCaller('plain', 'member');
    const ask = (limits: object, as = house.admin.token, username = 'plain') =>
      house.ask<ProblemBody>('PUT', `/v1/accounts/${username}/budget`, limits, { token: as });
    expect((await ask({ day_micros: 1 }, token)).status).toBe(403);
    expect((await ask({ day_micros: 1 }, house.admin.token, 'nobody')).status).toBe(404);
    const bad = [
      ['day_micros', -1],
      ['day_micros', 1e15 + 1],
      ['month_micros', 1.5],
      ['creates_per_minute', 0],
      ['creates_per_minute', 2 ** 31],
    ] as const;
    for (const [field, value] of bad) {
      const refused = await ask({ [field]: value });
      expect(refused.body.invalid_fields?.map((one) => one.field)).toEqual([field]);
    }
    expect((await ask({ max_in_flight: 1 })).status).toBe(422);
  });

  it('later counts what runs and what was spent, and raising it lets in at once', async () => {
    const { token } = await house.addCaller('later', 'member');
    await create(token);
    expect((await setBudget('later', { day_micros: HOLD })).body).toMatchObject({ held_micros: HOLD, in_flight: 1 });
    expect((await create(token)).status).toBe(402);
    await setBudget('later', { day_micros: 2 * HOLD });
    expect((await create(token)).status).toBe(201);
    expect((await house.ask('DELETE', '/v1/accounts/later/budget')).status).toBe(204);
    expect((await create(token)).status).toBe(201);
  });
});

it('a training holds what it may cost', async () => {
  const trainable = {
    openapi: '3.0.2',
    components: {
      schemas: {
        Input: { type: 'object', properties: {} },
        Output: { type: 'string' },
        TrainingInput: { type: 'object', properties: { steps: { type: 'integer' } } },
        TrainingOutput: { type: 'object', properties: { weights: { type: 'string', format: 'uri' } } },
      },
    },
  };
  const { version: base } = await house.addModel('trained', trainable);
  await house.addModel('tuned');
  await setBudget('hearth', { day_micros: HOLD });
  const train = () =>
    house.ask<ProblemBody>('POST', `/v1/models/hearth/trained/versions/${base.id}/trainings`, {
      destination: 'hearth/tuned',
      input: {},
    });
  expect([(await train()).status, (await train()).status]).toEqual([201, 402]);
  await house.ask('DELETE', '/v1/accounts/hearth/budget');
});

it('two servers at once accept as many as fit, and what they refuse is nowhere', async () => {
  const { token, account } = await house.addCaller('crowd', 'member');
  const fits = 60;
  await setBudget('crowd', { day_micros: fits * HOLD + HOLD - 1 });
  const store = await createStore({ url: house.databaseUrl });
  const second = await buildApp({ ...house.deps, store, metrics: createMetrics('second') });
  const before = await queued();
  try {
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, n) => {
        const app = n % 2 === 0 ? house.app : second;
        const answer = await app.inject({
          method: 'POST',
          url: '/v1/predictions',
          headers: { authorization: `Bearer ${token}` },
          payload: { ...body, version },
        });
        return answer.statusCode;
      }),
    );
    expect(Map.groupBy(answers, (status) => status).get(201)).toHaveLength(fits);
    expect(answers.filter((status) => status === 402)).toHaveLength(400 - fits);
    expect(await queued()).toBe(before + fits);
    expect(await made(account.id)).toBe(fits);
    expect(await budgetOf('crowd')).toMatchObject({ held_micros: fits * HOLD, in_flight: fits });
    expect(await store.budgets.repair(Date.now())).toEqual([]);
  } finally {
    await second.close();
    await store.close();
  }
});
