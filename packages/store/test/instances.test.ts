import { BOOT_PHASES, INSTANCE_MOVES, type InstanceEvent, type InstanceState } from '@hearth/core';
import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { DeploymentRow, InstanceRow, Store } from '../src/index.ts';
import { addDeployment, addInstance, addVersion, newPrediction, openWorld, SCALE, type World } from './world.ts';

let world: World;
let store: Store;
let deployment: DeploymentRow;
const at = systemNow();

beforeEach(async () => {
  await world?.close();
  world = await openWorld();
  store = world.store;
  deployment = await addDeployment(store);
});
afterAll(() => world.close());

const STATES: readonly InstanceState[] = ['booting', 'ready', 'draining', 'stopping', 'stopped', 'failed'];
const EVENTS: readonly InstanceEvent[] = [
  'booted',
  'bootFailed',
  'drain',
  'drained',
  'stopped',
  'vanished',
  'returned',
];
const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);
const moved = async ({ id, state }: InstanceRow, event: InstanceEvent): Promise<InstanceRow> => {
  const row = await store.instances.move(id, state, event, { at });
  if (!row) throw new Error(`${id} was not ${state}`);
  return row;
};
const ready = async () => moved(await addInstance(store, deployment), 'booted');

describe('move', () => {
  test('every legal move ends where core says', async () => {
    const pathTo: Record<InstanceState, readonly InstanceEvent[]> = {
      booting: [],
      ready: ['booted'],
      draining: ['booted', 'drain'],
      stopping: ['drain'],
      stopped: ['drain', 'stopped'],
      failed: ['bootFailed'],
    };
    const moves: Record<InstanceState, Partial<Record<InstanceEvent, InstanceState>>> = INSTANCE_MOVES;
    for (const from of STATES)
      for (const event of EVENTS.filter((candidate) => moves[from][candidate])) {
        let row = await addInstance(store, deployment);
        for (const step of pathTo[from]) row = await moved(row, step);
        expect(row.state).toBe(from);
        expect((await moved(row, event)).state, `${from} ${event}`).toBe(moves[from][event]);
      }
  });

  test('of many at once, one happens', async () => {
    const { id } = await addInstance(store, deployment);
    const moves = await Promise.all(
      (['booted', 'bootFailed', 'drain', 'vanished'] as const).map((event) =>
        store.instances.move(id, 'booting', event, { at }),
      ),
    );
    expect(moves.filter((row) => row !== null)).toHaveLength(1);
  });

  test('an illegal one is an error, not a miss', async () => {
    const { id } = await addInstance(store, deployment);
    await expect(store.instances.move(id, 'booting', 'drained', { at })).rejects.toThrow(
      'cannot be drained while it is booting',
    );
  });

  test('writes what comes with it, and stamps the end of the boot', async () => {
    const { id } = await addInstance(store, deployment, at);
    const booted = await store.instances.move(id, 'booting', 'booted', {
      at: at + 7,
      address: 'http://127.0.0.1:5000',
    });
    expect(booted).toMatchObject({
      state: 'ready',
      since: at + 7,
      address: 'http://127.0.0.1:5000',
      phases: { ready: at + 7 },
    });
    const failure = { kind: 'oom' as const, phase: null, message: 'out of memory', logTail: 'x\0y', exitCode: 137, at };
    const failed = await store.instances.move(id, 'ready', 'vanished', {
      at: at + 9,
      reason: 'out of memory',
      failure,
    });
    expect(failed).toMatchObject({ state: 'failed', reason: 'out of memory', failure, since: at + 9 });
    expect(await store.instances.get(id)).toEqual(failed);
  });
});

test('one that returns has no failure any more, unless it was to take nothing again', async () => {
  const lost = async (): Promise<InstanceRow> => {
    const { id } = await ready();
    const failure = { kind: 'lost' as const, phase: null, message: 'lost', logTail: '', exitCode: null, at };
    const row = await store.instances.move(id, 'ready', 'vanished', { at, failure });
    if (row === null) throw new Error(`${id} was not ready`);
    return row;
  };
  const back = { at: at + 9, address: 'http://gpu1:2' };
  const row = await lost();
  const returned = await store.instances.move(row.id, 'failed', 'returned', back);
  expect(returned).toMatchObject({ state: 'ready', failure: null, since: at + 9, address: 'http://gpu1:2' });
  const [closed, unhealthy] = [await lost(), await lost()];
  await store.consumers.intakeClosed(closed.id);
  await store.consumers.unhealthy(unhealthy.id, 'a cancel was not honoured');
  for (const { id } of [closed, unhealthy])
    expect(await store.instances.move(id, 'failed', 'returned', back)).toBeNull();
});

test('phases are stamped while it boots', async () => {
  const { id, phases } = await addInstance(store, deployment, at);
  expect(phases).toEqual({ place: at });
  for (const [n, phase] of BOOT_PHASES.slice(1, 4).entries())
    expect(await store.instances.stampPhase(id, phase, at + n + 1)).toBe(true);
  expect(await store.instances.stampPhase(id, 'setup', at + 4, 'http://127.0.0.1:1')).toBe(true);
  expect(await store.instances.get(id)).toMatchObject({
    phases: { place: at, pull: at + 1, create: at + 2, start: at + 3, setup: at + 4 },
    address: 'http://127.0.0.1:1',
  });
  await store.instances.move(id, 'booting', 'bootFailed', { at });
  expect(await store.instances.stampPhase(id, 'ready', at)).toBe(false);
  expect(await store.instances.stampPhase(newId(at), 'pull', at)).toBe(false);
});

test('live leaves out what is over; the list pages and filters', async () => {
  const [booting, warm, gone] = [await addInstance(store, deployment, at), await ready(), await ready()];
  await moved(gone, 'vanished');
  expect(ids(await store.instances.live())).toEqual(ids([booting, warm]).toSorted());
  const all = await store.instances.list({ limit: 10 });
  expect(ids(all)).toEqual(ids([booting, warm, gone]).toSorted().toReversed());
  expect(ids(await store.instances.list({ limit: 1, before: all[0]?.id }))).toEqual(ids(all.slice(1, 2)));
  expect(ids(await store.instances.list({ limit: 10, live: false }))).toEqual([gone.id]);
  expect(await store.instances.list({ limit: 10, live: true })).toHaveLength(2);
  expect(await store.instances.list({ limit: 10, deploymentId: 'another' })).toEqual([]);
});

describe('consumers', () => {
  const seen = async (id: string) => (await store.instances.observe()).instances.find((instance) => instance.id === id);

  test('what the dispatcher says reaches the scheduler', async () => {
    const { id } = await ready();
    expect(await seen(id)).toMatchObject({ lastUsedAt: null, intakeClosed: false, unhealthy: null, inFlight: 0 });
    await store.consumers.attached(id, at);
    await store.consumers.used([
      { instanceId: id, lastUsedAt: at + 5 },
      { instanceId: id, lastUsedAt: at + 3 },
    ]);
    await store.consumers.unhealthy(id, 'a cancel was not honoured');
    await store.consumers.intakeClosed(id);
    expect(await seen(id)).toMatchObject({
      lastUsedAt: at + 5,
      intakeClosed: true,
      unhealthy: 'a cancel was not honoured',
    });
  });

  test('an earlier use does not set the clock back, and attaching anew does not reopen', async () => {
    const { id } = await ready();
    await store.consumers.used([]);
    await store.consumers.used([{ instanceId: id, lastUsedAt: at }]);
    await store.consumers.used([{ instanceId: id, lastUsedAt: at - 1 }]);
    await store.consumers.intakeClosed(id);
    await store.consumers.attached(id, at);
    expect(await seen(id)).toMatchObject({ lastUsedAt: at, intakeClosed: true });
  });
});

test('observe follows a story: cold, waiting, running, idle', async () => {
  const implicit = await store.deployments.ensureImplicit(await addVersion(store, undefined, 2), SCALE);
  const look = async () => {
    const { deployments, instances } = await store.instances.observe();
    return { deployments: deployments.map(({ id, demand }) => ({ id, ...demand })), instances };
  };
  expect(await look()).toEqual({ deployments: [], instances: [] });

  const first = await store.predictions.insert(newPrediction(implicit, { createdAt: at }));
  const second = await store.predictions.insert(newPrediction(implicit, { createdAt: at + 1 }));
  expect(await look()).toEqual({
    deployments: [
      {
        id: implicit.id,
        waiting: 2,
        inFlight: 0,
        oldestWaitingAt: at,
        waiters: [{ accountId: 'account', weight: 1, inFlight: 0 }],
      },
    ],
    instances: [],
  });

  const instance = await moved(await addInstance(store, implicit), 'booted');
  await store.predictions.claim({ predictionId: first.id, attempt: 0 }, instance, at);
  expect(await look()).toMatchObject({
    deployments: [{ id: implicit.id, waiting: 1, inFlight: 1, oldestWaitingAt: at + 1 }],
    instances: [{ id: instance.id, inFlight: 1, state: 'ready' }],
  });

  await store.predictions.finish(first.id, 1, { status: 'succeeded', completedAt: at }, null);
  await store.predictions.finish(second.id, null, { status: 'canceled', completedAt: at }, null);
  expect(await look()).toMatchObject({
    deployments: [{ id: implicit.id, waiting: 0, inFlight: 0, oldestWaitingAt: null }],
    instances: [{ id: instance.id, inFlight: 0 }],
  });

  await moved(instance, 'vanished');
  expect(await look()).toEqual({ deployments: [], instances: [] });
});

test('observe sees a deployment with a minimum, and one whose status is to be cleared', async () => {
  const kept = await addDeployment(store, { minInstances: 1 });
  const status = {
    deploymentId: deployment.id,
    blockedReason: 'no-capacity',
    blockedDetail: 'No host has room.',
    failure: null,
    consecutiveFailures: 0,
    retryAt: null,
    failWaitingUntil: null,
  };
  await store.deployments.setStatus([status]);
  const { deployments } = await store.instances.observe();
  expect(new Map(deployments.map((row) => [row.id, row.status]))).toEqual(
    new Map([
      [kept.id, null],
      [deployment.id, status],
    ]),
  );
  expect(deployments[0]).toMatchObject({ slots: 1, runtime: 'docker' });
});
