import { systemNow } from '@hearth/kit';
import { Client } from 'pg';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { DeploymentGone, type DeploymentRow, type DeploymentStatusRow, MinAboveMax, type Store } from '../src/index.ts';
import {
  addDeployment,
  addInstance,
  addVersion,
  crashLoop,
  newPrediction,
  openWorld,
  SCALE,
  type World,
} from './world.ts';

let world: World;
let store: Store;
const at = systemNow();

beforeEach(async () => {
  await world?.close();
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

/** What a log may hold where it was cut, or where a model wrote it: no text of Postgres', nor JSON that it reads from within. */
const FOREIGN = 'a\0b \ud83d';
const HELD = 'a\ufffdb \ufffd';

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);
const statusOf = (deployment: DeploymentRow, change: Partial<DeploymentStatusRow> = {}) =>
  crashLoop(deployment, at, change);

test('is found by its name, which an implicit one does not have; that has no place in the list', async () => {
  const version = await addVersion(store);
  await store.deployments.ensureImplicit(version, SCALE);
  expect(await store.deployments.list({ limit: 10 })).toEqual([]);
  expect(await store.deployments.byName(version.owner, version.name)).toBeNull();
  const deployment = await addDeployment(store);
  expect(await store.deployments.byName(deployment.owner, deployment.name)).toEqual(deployment);
});

test('an update raises the release and leaves what it does not name', async () => {
  const deployment = await addDeployment(store);
  const updated = await store.deployments.update(deployment.id, {
    maxInstances: 7,
    keepAlive: { kind: 'until-needed' },
  });
  expect(updated).toEqual({
    ...deployment,
    maxInstances: 7,
    keepAlive: { kind: 'until-needed' },
    release: 2,
    releasedAt: expect.any(Number),
  });
  expect(await store.deployments.update('missing', { maxInstances: 1 })).toBeNull();
  await expect(store.deployments.update(deployment.id, { minInstances: 8 })).rejects.toThrow(MinAboveMax);
});

test('lists in pages, by owner', async () => {
  const made = [await addDeployment(store), await addDeployment(store), await addDeployment(store)];
  const all = await store.deployments.list({ limit: 10 });
  expect(ids(all)).toEqual(ids(made).toSorted().toReversed());
  expect(ids(await store.deployments.list({ limit: 10, before: all[0]?.id }))).toEqual(ids(all.slice(1)));
  expect(await store.deployments.list({ limit: 10, owner: made[1]?.owner })).toEqual([made[1]]);
});

describe('remove', () => {
  test('is refused while predictions are unfinished; then the name is free, and nothing new comes in', async () => {
    const deployment = await addDeployment(store);
    const { id } = await store.predictions.insert(newPrediction(deployment));
    expect(await store.deployments.remove(deployment.id)).toBe(false);
    await store.predictions.finish(id, null, { status: 'canceled', completedAt: at }, null);
    expect(await store.deployments.remove(deployment.id)).toBe(true);
    expect(await store.deployments.remove(deployment.id)).toBe(false);
    expect(await store.deployments.get(deployment.id)).toBeNull();
    expect(await store.deployments.update(deployment.id, { maxInstances: 1 })).toBeNull();
    await expect(store.predictions.insert(newPrediction(deployment))).rejects.toThrow(DeploymentGone);
    expect(await store.deployments.insert(deployment)).not.toBe('taken');
  });

  test('its instances stay in sight of the scheduler, without it', async () => {
    const deployment = await addDeployment(store, { minInstances: 1 });
    const { id } = await addInstance(store, deployment);
    await store.deployments.remove(deployment.id);
    const { deployments, instances } = await store.instances.observe();
    expect([ids(deployments), ids(instances)]).toEqual([[], [id]]);
  });

  test('a prediction that slipped in is handed to the dispatcher to fail', async () => {
    const deployment = await addDeployment(store);
    const client = new Client(world.url);
    await client.connect();
    // What two transactions at once can leave behind: the removal did not see the insert, nor the insert the removal.
    await store.predictions.insert(newPrediction(deployment));
    await client.query('update deployments set removed_at = now() where id = $1', [deployment.id]);
    await client.end();
    const [failing] = await store.deployments.failing();
    expect(failing).toMatchObject({ deploymentId: deployment.id, failure: { kind: 'lost' } });
    expect(await store.predictions.waitingBefore(deployment.id, failing?.failWaitingUntil ?? 0, 10)).toHaveLength(1);
  });
});

test('overview: users’ deployments, each model’s newest implicit one, and those that hold something', async () => {
  const explicit = await addDeployment(store);
  const first = await addVersion(store);
  const older = await store.deployments.ensureImplicit(first, SCALE);
  const newer = await store.deployments.ensureImplicit(await addVersion(store, first.modelId, 4), SCALE);
  expect((await store.deployments.overview()).map((row) => row.deployment)).toEqual(
    [explicit, newer].toSorted((a, b) => a.id.localeCompare(b.id)),
  );

  const { id } = await store.predictions.insert(newPrediction(older, { createdAt: at }));
  const instance = await addInstance(store, newer);
  await store.consumers.unhealthy(instance.id, 'DEFUNCT');
  await store.deployments.setStatus([statusOf(explicit)]);
  const overview = new Map((await store.deployments.overview()).map((row) => [row.deployment.id, row]));
  expect(overview.get(older.id)).toMatchObject({
    demand: { waiting: 1, inFlight: 0, oldestWaitingAt: at },
    status: null,
  });
  expect(overview.get(newer.id)).toMatchObject({
    slots: 4,
    instances: [{ id: instance.id, inFlight: 0, unhealthy: 'DEFUNCT' }],
  });
  expect(overview.get(explicit.id)).toMatchObject({ status: statusOf(explicit), instances: [] });
  await store.predictions.finish(id, null, { status: 'failed', completedAt: at }, null);
  expect((await store.deployments.overview()).some((row) => row.deployment.id === older.id)).toBe(false);
});

test('a failure in whatever words is told, and hides no other', async () => {
  const [one, two] = [await addDeployment(store), await addDeployment(store)];
  const failure = { kind: 'setup_error', phase: 'setup', message: FOREIGN, logTail: FOREIGN, exitCode: 1, at } as const;
  const [instance, run] = [await addInstance(store, one, at), await store.predictions.insert(newPrediction(one))];
  await store.predictions.claim({ predictionId: run.id, attempt: 0 }, instance, at);
  expect(
    await store.instances.move(instance.id, 'booting', 'bootFailed', { at, reason: FOREIGN, failure }),
  ).toMatchObject({ failure: { message: HELD, logTail: HELD } });
  const change = { failure: { ...failure, at: at + 1e6 }, blockedDetail: FOREIGN, failWaitingUntil: at + 1e6 };
  await store.deployments.setStatus([statusOf(one, change), statusOf(two, change)]);
  for (const deployment of [one, two]) await store.predictions.insert(newPrediction(deployment, { createdAt: at }));
  expect(await store.deployments.failing()).toHaveLength(2);
  const end = { status: 'failed', completedAt: at + 1, isUnheard: true } as const;
  expect(await store.predictions.finish(run.id, 1, end, null)).toBeNull();
});
