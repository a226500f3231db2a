import { NEVER_BUSY } from '@hearth/core';
import { newToken, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeploymentRow, Store } from '../src/index.ts';
import { addDeployment, addInstance, hex64, newPrediction, openWorld, unique, usageOf, type World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MIDNIGHT = Date.UTC(2026, 0, 2);

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

/** Boots for ten minutes, is up for an hour and leaves for one minute, beginning at `at`. */
async function lived(deployment: DeploymentRow, at: number): Promise<string> {
  const { id } = await addInstance(store, deployment, at);
  await store.instances.stampPhase(id, 'place', at);
  await store.instances.move(id, 'booting', 'booted', { at: at + 10 * MINUTE });
  await store.instances.move(id, 'ready', 'drain', { at: at + 70 * MINUTE });
  await store.instances.move(id, 'draining', 'drained', { at: at + 70 * MINUTE });
  await store.instances.move(id, 'stopping', 'stopped', { at: at + 71 * MINUTE });
  return id;
}

async function ended(
  deployment: DeploymentRow,
  [createdAt, startedAt, completedAt = startedAt]: readonly [number, number, number?],
) {
  const { id } = await store.predictions.insert(newPrediction(deployment, { createdAt }));
  const on = { id: 'i', versionId: deployment.versionId, hardwareSku: 'cpu' };
  await store.predictions.claim({ predictionId: id, attempt: 0 }, on, startedAt);
  return { id, completedAt };
}

describe('the life of an instance', () => {
  test('has when it entered each state, and when it was busy', async () => {
    const deployment = await addDeployment(store);
    const id = await lived(deployment, MIDNIGHT);
    await store.history.addBusy([
      { instanceId: id, span: [MIDNIGHT + 20 * MINUTE, MIDNIGHT + 30 * MINUTE] },
      { instanceId: 'gone', span: [MIDNIGHT, MIDNIGHT + 1] },
    ]);
    const of = { deploymentId: deployment.id, limit: 10 };
    const [life] = await store.history.lives({ ...of, from: MIDNIGHT, until: MIDNIGHT + HOUR });
    expect(life).toMatchObject({
      id,
      state: 'stopped',
      moves: {
        ready: MIDNIGHT + 10 * MINUTE,
        draining: MIDNIGHT + 70 * MINUTE,
        stopping: MIDNIGHT + 70 * MINUTE,
        stopped: MIDNIGHT + 71 * MINUTE,
      },
      busy: [[MIDNIGHT + 20 * MINUTE, MIDNIGHT + 30 * MINUTE]],
    });
    const after = MIDNIGHT + 71 * MINUTE + 1;
    expect(await store.history.lives({ ...of, from: after, until: after + DAY })).toEqual([]);
    expect(await store.history.lives({ ...of, from: MIDNIGHT - DAY, until: MIDNIGHT })).toEqual([]);
  });

  test('keeps a day busy once, whoever tells of it again, and forgets it with age', async () => {
    const { id } = await addInstance(store, await addDeployment(store), MIDNIGHT);
    const midnight = { instanceId: id, span: [MIDNIGHT - MINUTE, MIDNIGHT + MINUTE] } as const;
    await Promise.all([store.history.addBusy([midnight]), store.history.addBusy([midnight])]);
    expect(await store.history.busyOn(id, '2026-01-01')).toMatchObject({ busyMs: MINUTE });
    expect(await store.history.busyOn(id, '2026-01-02')).toMatchObject({ busyMs: MINUTE });
    await store.history.removeBusyBefore(MIDNIGHT, 1_000);
    expect(await store.history.busyOn(id, '2026-01-01')).toBeNull();
    expect(await store.history.busyOn(id, '2026-01-02')).not.toEqual(NEVER_BUSY);
  });
});

describe('the days of a deployment', () => {
  test('say what its instances did with them, and what was billed', async () => {
    const deployment = await addDeployment(store);
    // Up from 23:40 to 00:40, so that both days have a part of it.
    const id = await lived(deployment, MIDNIGHT - 30 * MINUTE);
    await store.history.addBusy([{ instanceId: id, span: [MIDNIGHT - 5 * MINUTE, MIDNIGHT + 10 * MINUTE] }]);
    const run = await ended(deployment, [MIDNIGHT, MIDNIGHT]);
    const bill = usageOf({ ...run, model: deployment.model, accountId: 'account' }, deployment, { at: MIDNIGHT });
    await store.predictions.finish(run.id, 1, { status: 'succeeded', completedAt: MIDNIGHT }, bill);
    const query = { from: MIDNIGHT - DAY, until: MIDNIGHT + 2 * DAY, now: MIDNIGHT + 2 * DAY };
    const days = (await store.history.days(query)).filter((row) => row.deploymentId === deployment.id);
    const time = { booting: 10 * MINUTE, busy: 5 * MINUTE, idle: 15 * MINUTE, leaving: 0 };
    expect(days).toEqual([
      expect.objectContaining({ day: '2026-01-01', time, gpu: time, predictions: 0, costMicros: 0 }),
      expect.objectContaining({
        day: '2026-01-02',
        time: { booting: 0, busy: 10 * MINUTE, idle: 30 * MINUTE, leaving: MINUTE },
        predictions: 1,
        billedMicroseconds: 1_500_000,
        costMicros: 338,
      }),
    ]);
    expect(await store.history.days({ ...query, owner: unique('nobody') })).toEqual([]);
  });

  test('go on for what is live, and take what it was busy while it left from its leaving', async () => {
    const deployment = await addDeployment(store);
    const { id } = await addInstance(store, deployment, MIDNIGHT);
    await store.instances.move(id, 'booting', 'booted', { at: MIDNIGHT + MINUTE });
    await store.instances.move(id, 'ready', 'drain', { at: MIDNIGHT + 3 * MINUTE });
    await store.history.addBusy([{ instanceId: id, span: [MIDNIGHT + MINUTE, MIDNIGHT + 5 * MINUTE] }]);
    const query = { from: MIDNIGHT, until: MIDNIGHT + DAY, now: MIDNIGHT + 6 * MINUTE };
    const day = (await store.history.days(query)).find((row) => row.deploymentId === deployment.id);
    expect(day?.time).toEqual({ booting: MINUTE, busy: 4 * MINUTE, idle: 0, leaving: MINUTE });
  });

  test('of a boot that failed are its boot and nothing else', async () => {
    const deployment = await addDeployment(store);
    const { id } = await addInstance(store, deployment, MIDNIGHT);
    await store.instances.move(id, 'booting', 'bootFailed', { at: MIDNIGHT + MINUTE });
    const query = { from: MIDNIGHT, until: MIDNIGHT + DAY, now: MIDNIGHT + DAY };
    const day = (await store.history.days(query)).find((row) => row.deploymentId === deployment.id);
    expect(day?.time).toEqual({ booting: MINUTE, busy: 0, idle: 0, leaving: 0 });
  });

  test('count a share as the part of its GPU, and what idling costs at the price of its hardware', async () => {
    const hardware = { name: 'half', gpus: 0, vramMiB: 0, cpus: 0, gpuType: null, labels: {}, fallback: [] };
    const sku = unique('half');
    const price = { priceMicrosPerSecond: 100, memoryMiB: 1024, gpuShareMiB: 6_000 };
    await store.hosts.putHardware({ sku, ...hardware, ...price });
    const hostId = unique('host');
    await store.hosts.upsert({ id: hostId, name: hostId, devices: [{ id: '0', name: 'GPU', vramMiB: 24_000 }] });
    const deployment = await addDeployment(store, { hardwareSku: sku });
    const { id } = await store.instances.insert({
      id: unique('instance'),
      deploymentId: deployment.id,
      versionId: deployment.versionId,
      hardwareSku: sku,
      hostId,
      deviceIds: ['0'],
      gpuShareMiB: 6_000,
      runtime: 'docker',
      memoryMiB: 1024,
      slots: 1,
      reason: 'asked for',
      callbackTokenHash: hex64('token'),
      at: MIDNIGHT,
    });
    await store.instances.move(id, 'booting', 'booted', { at: MIDNIGHT + MINUTE });
    const query = { from: MIDNIGHT, until: MIDNIGHT + DAY, now: MIDNIGHT + 11 * MINUTE };
    const day = (await store.history.days(query)).find((row) => row.deploymentId === deployment.id);
    expect(day).toMatchObject({
      time: { booting: MINUTE, busy: 0, idle: 10 * MINUTE, leaving: 0 },
      gpu: { booting: MINUTE / 4, busy: 0, idle: 2.5 * MINUTE, leaving: 0 },
      bootingMicros: 6_000,
      idleMicros: 60_000,
    });
  });
});

test('the metrics of a deployment count ends, times and the most that waited, also in steps where nothing happened', async () => {
  const deployment = await addDeployment(store);
  const at = (minutes: number) => MIDNIGHT + minutes * MINUTE;
  // One waits from before the range to its second step; two wait together in the second, one of them for ever.
  const runs = [
    { times: [at(-1), at(1.5), at(1.75)], status: 'succeeded' },
    { times: [at(1), at(1.75), at(3.5)], status: 'failed' },
  ] as const;
  for (const { times, status } of runs) {
    const { id, completedAt } = await ended(deployment, times);
    await store.predictions.finish(id, 1, { status, completedAt }, null);
  }
  await store.predictions.insert(newPrediction(deployment, { createdAt: at(4.5) }));
  const steps = await store.history.metrics({
    deploymentId: deployment.id,
    from: at(0),
    until: at(6),
    stepMs: MINUTE,
  });
  expect(steps.map(({ queuePeak, succeeded, failed }) => [queuePeak, succeeded, failed])).toEqual([
    [1, 0, 0],
    [2, 1, 0],
    [0, 0, 0],
    [0, 0, 1],
    [1, 0, 0],
    [1, 0, 0],
  ]);
  expect(steps[1]).toMatchObject({ at: at(1), runMs: { p50: 15_000, p95: 15_000 }, waitMs: { p50: 150_000 } });
  expect(steps[2]).toMatchObject({ runMs: null, waitMs: null, canceled: 0 });
});

test('usage is totalled by token, and of each day by itself', async () => {
  const account = await store.accounts.ensure({ type: 'user', username: unique('spender'), name: '' });
  const token = newToken();
  const { id: tokenId } = await store.accounts.addToken({
    accountId: account.id,
    name: 'laptop',
    scope: 'run',
    hash: hex64(token),
    hint: 'abcd',
  });
  const deployment = await addDeployment(store);
  for (const [at, made] of [
    [MIDNIGHT, { tokenId }],
    [MIDNIGHT + DAY, { tokenId }],
    [MIDNIGHT + DAY + 1, {}],
  ] as const) {
    const row = newPrediction(deployment, { accountId: account.id, createdAt: at, ...made });
    const inserted = await store.predictions.insert(row);
    expect(inserted).toEqual(await store.predictions.get(row.id));
    await store.predictions.claim(
      { predictionId: row.id, attempt: 0 },
      { id: 'i', versionId: deployment.versionId, hardwareSku: 'cpu' },
      at,
    );
    const bill = usageOf(row, deployment, { at, costMicros: 1 });
    await store.predictions.finish(row.id, 1, { status: 'succeeded', completedAt: at }, bill);
  }
  const totals = await store.usage.totals({ by: 'token', accountId: account.id, daily: true });
  expect(totals.map(({ day, key, name, predictions }) => [day, key, name, predictions])).toEqual([
    ['2026-01-02', tokenId, 'laptop …abcd', 1],
    ['2026-01-03', '', 'before tokens were noted', 1],
    ['2026-01-03', tokenId, 'laptop …abcd', 1],
  ]);
});

test('an operator asks of a live instance only, and the newest word counts', async () => {
  const deployment = await addDeployment(store);
  const { id } = await addInstance(store, deployment);
  expect(await store.instances.ask(id, 'drain', 'ada', systemNow())).toBe(true);
  expect(await store.instances.ask(id, 'stop', 'bob', systemNow())).toBe(true);
  const seen = (await store.instances.observe()).instances.find((one) => one.id === id);
  expect(seen).toMatchObject({ ask: 'stop', askedBy: 'bob' });
  await store.instances.move(id, 'booting', 'vanished', { at: systemNow() });
  expect(await store.instances.ask(id, 'drain', 'ada', systemNow())).toBe(false);
});

test('a deployment that is kept warm is looked at though nothing asks for it', async () => {
  const deployment = await addDeployment(store);
  const observed = async () =>
    (await store.instances.observe()).deployments.find(({ id }) => id === deployment.id)?.warmUntil;
  expect(await observed()).toBeUndefined();
  const until = systemNow() + HOUR;
  expect(await store.deployments.keepWarm(deployment.id, until)).toMatchObject({ id: deployment.id });
  expect(await observed()).toBe(until);
  await store.deployments.keepWarm(deployment.id, null);
  expect(await observed()).toBeUndefined();
});
