import Replicate from 'replicate';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Answer, type House, type Problem, startHouse } from './harness.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse({ settings: { rateLimits: { predictionsPerMinute: 2, requestsPerMinute: 8 } } });
  await house.addModel('echo');
});
afterAll(() => house.close());

const create = (token: string, url = '/v1/predictions') =>
  house.ask<Problem>('POST', url, { version: 'hearth/echo', input: { text: 'hi' } }, { token });
const left = ({ headers }: Answer<unknown>) => Number(headers['ratelimit-remaining']);

describe('limits', () => {
  it('count creations and other requests apart, for each token', async () => {
    const { token } = await house.addCaller('counted', 'member');
    const other = await house.addCaller('apart', 'member');
    expect([left(await create(token)), left(await create(token))]).toEqual([1, 0]);
    const read = await house.ask('GET', '/v1/account', undefined, { token });
    expect([read.status, left(read)]).toEqual([200, 7]);
    expect(Number(read.headers['ratelimit-reset'])).toBeGreaterThan(0);
    expect(Number(read.headers['ratelimit-reset'])).toBeLessThanOrEqual(60);
    const refused = await create(token);
    const seconds = refused.body.retry_after ?? 0;
    expect(refused).toMatchObject({
      status: 429,
      headers: { 'content-type': expect.stringContaining('application/problem+json'), 'ratelimit-remaining': '0' },
      body: { title: 'Too many requests', status: 429, code: 'throttled' },
    });
    expect(refused.body.detail).toBe(
      `Request was throttled. Your rate limit for creating predictions is 2 a minute. Expected available in ${seconds} seconds.`,
    );
    expect(refused.headers['retry-after']).toBe(String(seconds));
    expect((await house.ask('GET', '/v1/account', undefined, { token })).status).toBe(200);
    expect((await create(other.token)).status).toBe(201);
  });

  it('let in as many as there may be of those that come at once', async () => {
    const { token } = await house.addCaller('at-once', 'member');
    const answers = await Promise.all(Array.from({ length: 6 }, () => create(token)));
    const made = answers.filter(({ status }) => status === 201);
    const refused = answers.filter(({ status }) => status === 429);
    expect([made.length, refused.length]).toEqual([2, 4]);
    expect(made.map(left)).toEqual([1, 0]);
  });

  it('hold for creations by every road, and queue nothing beyond them', async () => {
    const { token, account } = await house.addCaller('roads', 'member');
    const input = { input: { text: 'hi' } };
    const statuses = [
      (await house.ask('POST', '/v1/models/hearth/echo/predictions', input, { token })).status,
      (await create(token, '/v1/v1/predictions')).status,
      (await create(token)).status,
      (await house.ask('POST', '/v1/deployments/a/b/predictions', input, { token })).status,
      (await house.ask('POST', '/v1/models/a/b/versions/c/trainings', input, { token })).status,
    ];
    expect(statuses).toEqual([201, 201, 429, 429, 429]);
    expect(await house.store.predictions.list({ accountId: account.id, limit: 10 })).toHaveLength(2);
  });

  it('are told on refusals too: unknown things, unknown endpoints, bad bodies, no token, capabilities', async () => {
    const { token } = await house.addCaller('refused', 'member');
    const ask = (method: 'GET' | 'POST', url: string, body?: unknown) => house.ask(method, url, body, { token });
    const answers = [
      await ask('GET', '/v1/predictions/nothing'),
      await ask('POST', '/v1/models', '{'),
      await ask('POST', '/v1/predictions', { version: 'x' }),
      await ask('GET', '/v1/nothing'),
      await ask('GET', '/v1/outputs/x/y'),
      await ask('GET', '/v1/streams/x'),
      await house.ask('GET', '/v1/account', undefined, { token: 'nobody' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 400, 422, 404, 404, 404, 401]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject({
        'ratelimit-remaining': expect.any(String),
        'ratelimit-reset': expect.any(String),
      });
    }
  });

  it('go by address where there is no token, whatever token was made up', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 12; n++) {
      statuses.push((await house.ask('GET', '/v1/account', undefined, { token: `made-up-${n}` })).status);
    }
    expect(statuses.at(-1)).toBe(429);
    expect((await house.ask('GET', '/v1/account')).status).toBe(200);
  });

  it('are not for what is no API: health and docs', async () => {
    for (const url of ['/healthz', '/openapi.json']) {
      const { headers } = await house.ask('GET', url);
      expect(headers).not.toHaveProperty('ratelimit-remaining');
    }
  });
});

it('a client that hammers at a 429 is not banned, and let in again when the minute is over', async () => {
  const { token } = await house.addCaller('hammering', 'member');
  const url = await house.app.listen({ host: '127.0.0.1', port: 0 });
  const replicate = new Replicate({ auth: token, baseUrl: `${url}/v1` });
  const run = () => replicate.predictions.create({ version: 'hearth/echo', input: { text: 'hi' } });
  await run();
  await run();
  await expect(run()).rejects.toThrow(/429.*Request was throttled/s);
  expect((await replicate.accounts.current()).username).toBe('hammering');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
  try {
    expect((await run()).status).toBe('starting');
  } finally {
    vi.useRealTimers();
  }
});

it('off is off: nothing is counted and no header says so', async () => {
  const free = await startHouse({ settings: { rateLimits: { predictionsPerMinute: null, requestsPerMinute: null } } });
  try {
    const { status, headers } = await free.ask('GET', '/v1/account');
    expect(status).toBe(200);
    expect(headers).not.toHaveProperty('ratelimit-remaining');
  } finally {
    await free.close();
  }
});
