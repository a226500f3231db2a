import type { WireModel, WirePage, WirePrediction, WirePredictionTimeline } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, type House, type Problem, startHouse } from './harness.ts';

let house: House;
let dispatcher: ReturnType<typeof createDispatcher>;
beforeAll(async () => {
  house = await startHouse();
  dispatcher = createDispatcher(house.deps);
});
afterAll(() => house.close());

const create = async (path: string, body: Record<string, unknown> = {}) =>
  (await house.ask('POST', `/v1${path}`, { input: { text: 'hi' }, ...body })).body.id;
const find = async (query: string) =>
  (await house.ask<WirePage<WirePrediction>>('GET', `/v1/predictions?${query}`)).body.results.map(({ id }) => id);

describe('predictions are found', () => {
  it('by status, model, deployment and where they came from, and each by all of these', async () => {
    const echo = await house.addModel('echo');
    await house.addModel('other');
    await house.ask('POST', '/v1/deployments', {
      name: 'mine',
      model: 'hearth/echo',
      version: echo.version.id,
      hardware: 'cpu',
      min_instances: 0,
      max_instances: 1,
    });
    const onModel = await create('/models/hearth/echo/predictions');
    const onOther = await create('/models/hearth/other/predictions');
    const deployed = await create('/deployments/hearth/mine/predictions');
    await dispatcher.finish(await dispatcher.claim(onModel), 'failed', { error: 'no' });
    const missed = await house.store.predictions.get(onOther);
    if (missed) await dispatcher.finish(missed, 'aborted');

    expect(await find('model=hearth/echo')).toEqual([deployed, onModel]);
    expect(await find('deployment=hearth/mine')).toEqual([deployed]);
    expect(await find('status=failed')).toEqual([onModel]);
    // A deadline that was missed is sent as canceled, so it is found as that.
    expect(await find('status=canceled')).toEqual([onOther]);
    expect(await find('status=starting&model=hearth/echo')).toEqual([deployed]);
    expect(await find('status=starting&model=hearth/other')).toEqual([]);
    expect(await find('source=web')).toEqual([]);
    expect(await find('source=api')).toEqual([deployed, onOther, onModel]);
  });

  it('by the filters of the page before, on each page', async () => {
    const paged = await house.addModel('paged');
    const made: string[] = [];
    for (let n = 0; n < 101; n += 1) made.push(await create('/predictions', { version: paged.version.id }));
    const first = await house.ask<WirePage<WirePrediction>>(
      'GET',
      '/v1/predictions?model=hearth/paged&status=starting',
    );
    const next = new URL(first.body.next ?? '').searchParams;
    expect([next.get('model'), next.get('status')]).toEqual(['hearth/paged', 'starting']);
    expect(await find(next.toString())).toEqual([made[0]]);
  });

  it('not by a status that there is not', async () => {
    const refused = await house.ask<Problem>('GET', '/v1/predictions?status=done');
    expect(refused).toMatchObject({ status: 422, body: { invalid_fields: [{ field: 'querystring.status' }] } });
  });
});

it('one that a page of the UI made says so', async () => {
  await house.addModel('paged-web');
  const entered = await house.app.inject({
    method: 'POST',
    url: '/session',
    headers: { 'sec-fetch-site': 'same-origin' },
    payload: { token: house.admin.token },
  });
  const cookie = entered.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const made = await house.app.inject({
    method: 'POST',
    url: '/v1/models/hearth/paged-web/predictions',
    headers: { cookie, 'sec-fetch-site': 'same-origin' },
    payload: { input: { text: 'hi' } },
  });
  const { id, source } = made.json<WirePrediction>();
  expect(source).toBe('web');
  expect(await find('source=web')).toEqual([id]);
});

it('a model says what its runs take and cost, by the middle of the last that succeeded', async () => {
  const { version, deployment } = await house.addModel('measured');
  const model = async () => (await house.ask<WireModel>('GET', '/v1/models/hearth/measured')).body;
  expect((await model()).measured).toBeNull();
  for (const seconds of [1, 9, 2]) {
    const id = await create('/models/hearth/measured/predictions');
    const row = await dispatcher.claim(id);
    const usage = {
      id: `${id}-${row.attempt}`,
      predictionId: id,
      attempt: row.attempt,
      accountId: row.accountId,
      model: row.model,
      versionId: version.id,
      deploymentId: deployment.id,
      hardwareSku: 'cpu',
      predictMicroseconds: seconds * 1_000_000,
      priceMicrosPerSecond: 100,
      costMicros: seconds * 100,
      status: 'succeeded' as const,
      at: house.deps.now(),
    };
    await house.store.predictions.finish(
      id,
      row.attempt,
      { status: 'succeeded', completedAt: house.deps.now() },
      usage,
    );
  }
  expect(await model()).toMatchObject({ hardware: 'cpu', measured: { runs: 3, run_seconds: 2, cost: 0.0002 } });
});

it("shows where a prediction's time went, to those who may see it", async () => {
  await house.addModel('timed');
  const id = await create('/models/hearth/timed/predictions');
  await dispatcher.finish(await dispatcher.claim(id), 'succeeded');
  const { body } = await house.ask<WirePredictionTimeline>('GET', `/v1/predictions/${id}/timeline`);
  expect(body).toMatchObject({ attempts: 1, lost_attempts: 0, instance: null });
  expect(body.steps.every(({ to }) => to !== null)).toBe(true);
  const other = await house.addCaller('stranger', 'member');
  const hidden = await house.ask<Problem>('GET', `/v1/predictions/${id}/timeline`, undefined, { token: other.token });
  expect(hidden.status).toBe(404);
});
