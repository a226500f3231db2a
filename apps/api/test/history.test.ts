import type { WireInstance, WireInstanceUsage, WireLives, WireMetrics, WireUsageTotals } from '@hearth/contract';
import type { InstanceLife } from '@hearth/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { csv } from '../src/csv.ts';
import { spansOf } from '../src/history/life.ts';
import { stepped } from '../src/history/range.ts';
import { type House, type Problem, startHouse } from './harness.ts';
import { addInstance, runBilled } from './parts.ts';

const life = (over: Partial<InstanceLife>): InstanceLife => ({
  id: 'i',
  deploymentId: 'd',
  versionId: 'v',
  hardwareSku: 'cpu',
  hostId: 'h',
  deviceIds: [],
  gpuShareMiB: 0,
  createdAt: 0,
  state: 'booting',
  since: 0,
  reason: 'asked for',
  phases: {},
  moves: {},
  failure: null,
  busy: [],
  ...over,
});
const told = (one: InstanceLife, now = 1_000) =>
  spansOf(one, now).map(({ what, phase, from, until }) => [phase ?? what, from, until]);

describe('the spans of a life', () => {
  it('are its boot by phases, idle and busy in turn, draining and stopping', () => {
    const whole = life({
      state: 'stopped',
      since: 95,
      phases: { place: 0, create: 10, pull: 20, setup: 30, ready: 40 },
      moves: { ready: 40, draining: 80, stopping: 90, stopped: 95 },
      busy: [
        [50, 60],
        [70, 85],
      ],
    });
    expect(told(whole)).toEqual([
      ['place', 0, 10],
      ['create', 10, 20],
      ['pull', 20, 30],
      ['setup', 30, 40],
      ['idle', 40, 50],
      ['busy', 50, 60],
      ['idle', 60, 70],
      ['busy', 70, 80],
      ['draining', 80, 90],
      ['stopping', 90, 95],
    ]);
  });

  it('go on to now while it lives, and end where it failed', () => {
    expect(told(life({ phases: { place: 5 } }), 50)).toEqual([
      ['booting', 0, 5],
      ['place', 5, 50],
    ]);
    const up = life({ state: 'ready', phases: { place: 0, ready: 10 }, moves: { ready: 10 } });
    expect(told(up, 50)).toEqual([
      ['place', 0, 10],
      ['idle', 10, 50],
    ]);
    const failed = life({ state: 'failed', since: 30, phases: { place: 0, setup: 10 }, moves: { failed: 30 } });
    expect(told(failed)).toEqual([
      ['place', 0, 10],
      ['setup', 10, 30],
    ]);
    const givenUp = life({ state: 'stopping', since: 20, phases: { place: 0 }, moves: { stopping: 20 } });
    expect(told(givenUp, 25)).toEqual([
      ['place', 0, 20],
      ['stopping', 20, 25],
    ]);
  });

  it('of one from before moves were noted are what its phases say', () => {
    const old = life({ state: 'stopped', since: 90, phases: { place: 0, ready: 40 } });
    expect(told(old)).toEqual([
      ['place', 0, 40],
      ['idle', 40, 90],
    ]);
  });
});

it('a range goes by the finest step with few enough columns', () => {
  const hour = 3_600_000;
  expect(stepped({ from: 5_000, until: 5_000 + hour })).toEqual({ from: 0, until: hour + 60_000, stepMs: 60_000 });
  expect(stepped({ from: 0, until: 240 * 10_000 }).stepMs).toBe(10_000);
  expect(stepped({ from: 0, until: 31 * 24 * hour }).stepMs).toBe(6 * hour);
});

it('a table is quoted where it must be, and holds no formula', () => {
  expect(csv([['a', 'b,c', 'say "hi"', 1.5, '=1+1', '']])).toBe('a,"b,c","say ""hi""",1.5,\'=1+1,\r\n');
});

describe('history over the API', () => {
  let house: House;
  let member: Awaited<ReturnType<House['addCaller']>>;
  beforeAll(async () => {
    house = await startHouse();
    member = await house.addCaller('member', 'member');
  });
  afterAll(() => house.close());

  it('shows instances, what ended and what it cost, to those who may see it', async () => {
    const { deployment } = await house.addModel('past', undefined, 'private');
    const began = Date.now() - 60_000;
    const id = await addInstance(house, deployment, { at: began });
    await house.store.instances.move(id, 'booting', 'booted', { at: began + 10_000 });
    await house.store.history.addBusy([{ instanceId: id, span: [began + 20_000, began + 30_000] }]);
    await runBilled(house, deployment, house.admin.token);

    const { body: lives } = await house.ask<WireLives>('GET', '/v1/instances/timeline?deployment=hearth/past');
    expect(lives.results).toMatchObject([{ id, deployment: 'hearth/past', state: 'ready', ended_at: null }]);
    expect(lives.results[0]?.spans.map(({ what }) => what)).toEqual(['booting', 'idle', 'busy', 'idle']);

    const { body: metrics } = await house.ask<WireMetrics>('GET', '/v1/deployments/hearth/past/metrics');
    expect(metrics.step_seconds).toBe(60);
    expect(metrics.results.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(1);

    const { body: days } = await house.ask<WireInstanceUsage>('GET', '/v1/usage/instances');
    const own = days.results.filter((day) => day.deployment === 'hearth/past');
    expect(own.reduce((sum, day) => sum + day.instance_seconds.booting, 0)).toBe(10);
    expect(own.at(-1)).toMatchObject({ predictions: 1, billed_seconds: 2, cost_micros: 200 });

    const as = { token: member.token };
    const others = await house.ask<WireLives>('GET', '/v1/instances/timeline', undefined, as);
    expect(others.body.results).toEqual([]);
    expect((await house.ask('GET', '/v1/deployments/hearth/past/metrics', undefined, as)).status).toBe(404);
    expect((await house.ask<WireInstanceUsage>('GET', '/v1/usage/instances', undefined, as)).body.results).toEqual([]);
  });

  it('sums usage by token and day, as a table too', async () => {
    const { deployment } = await house.addModel('tokened');
    await runBilled(house, deployment, member.token);
    const as = { token: member.token };
    const { body } = await house.ask<WireUsageTotals>('GET', '/v1/usage?by=token&daily=true', undefined, as);
    expect(body.results).toMatchObject([
      { day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), name: expect.stringMatching(/^test …/), predictions: 1 },
    ]);
    const table = await house.ask('GET', '/v1/usage/csv?by=model', undefined, as);
    expect(table.headers['content-disposition']).toBe('attachment; filename="usage-by-model.csv"');
    expect(table.text).toMatch(
      /^day,key,name,predictions,run_seconds,cost_micros,correction_micros\r\n[\d-]+,hearth\/tokened,hearth\/tokened,1,2,200,0\r\n$/,
    );
  });

  it('refuses a range that is empty or too long, and says which field', async () => {
    for (const query of ['from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z', 'from=2020-01-01T00:00:00Z']) {
      const { status, body } = await house.ask<Problem>('GET', `/v1/instances/timeline?${query}`);
      expect([status, body.invalid_fields?.[0]?.field]).toEqual([422, 'querystring.from']);
    }
  });

  it('notes what an operator asks of an instance, and of a deployment', async () => {
    const { deployment } = await house.addModel('operated');
    const id = await addInstance(house, deployment);
    const as = { token: member.token };
    expect((await house.ask('POST', `/v1/instances/${id}/drain`, undefined, as)).status).toBe(404);
    expect((await house.ask<WireInstance>('POST', `/v1/instances/${id}/drain`)).body).toMatchObject({ id });
    const seen = (await house.store.instances.observe()).instances.find((one) => one.id === id);
    expect(seen).toMatchObject({ ask: 'drain', askedBy: 'hearth' });
    await house.store.instances.move(id, 'booting', 'bootFailed', { at: Date.now() });
    const ended = await house.ask<Problem>('POST', `/v1/instances/${id}/stop`);
    expect([ended.status, ended.body.code]).toEqual([422, 'instance-ended']);

    const warm = (body: unknown, more = {}) =>
      house.ask<Problem>('POST', '/v1/deployments/hearth/operated/warm', body, more);
    expect((await warm({ seconds: 60 }, as)).status).toBe(403);
    expect((await warm({ seconds: 86_401 })).body.invalid_fields?.[0]?.field).toBe('seconds');
    expect((await warm(undefined)).body).toMatchObject({ warm_until: expect.any(String) });
    expect((await warm({ seconds: 0 })).body).toMatchObject({ warm_until: null });
    await house.store.deployments.update(deployment.id, { maxInstances: 0 });
    expect((await warm({ seconds: 60 })).body.code).toBe('switched-off');
  });
});
