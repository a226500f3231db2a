import { systemNow } from '@hearth/kit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../src/database.ts';
import { type Store, VersionGone } from '../src/index.ts';
import { releases } from '../src/migrations/0005-releases.ts';
import { keepAlive } from '../src/migrations/0020-keep-alive.ts';
import { addDeployment, addInstance, addVersion, openWorld, SCALE, unique, type World } from './world.ts';

let world: World;
let store: Store;

beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

test('every change leaves a release that says what it was, and who made it', async () => {
  const version = await addVersion(store);
  const { owner, modelId } = version;
  const made = await store.deployments.insert({ ...SCALE, owner, name: unique('app'), modelId, versionId: version.id });
  if (made === 'taken') throw new Error('a random name was taken');
  expect(made).toMatchObject({ release: 1, releasedBy: owner });
  const next = await addVersion(store, modelId);
  await store.deployments.update(made.id, { versionId: next.id, maxInstances: 5 }, { by: 'ada' });
  const back = await store.deployments.update(made.id, { ...SCALE, versionId: version.id }, { by: 'bob', restores: 1 });
  expect(back).toMatchObject({ release: 3, releasedBy: 'bob', versionId: version.id, maxInstances: 3 });

  const all = await store.deployments.releases(made.id, { limit: 10 });
  expect(all).toEqual([
    { ...SCALE, number: 3, versionId: version.id, restores: 1, createdAt: back?.releasedAt, createdBy: 'bob' },
    expect.objectContaining({ number: 2, versionId: next.id, maxInstances: 5, restores: null, createdBy: 'ada' }),
    expect.objectContaining({ number: 1, versionId: version.id, createdAt: made.createdAt, createdBy: owner }),
  ]);
  expect(await store.deployments.releases(made.id, { limit: 1, before: 3 })).toEqual([all[1]]);
  expect(await store.deployments.releases(made.id, { limit: 1, after: 1 })).toEqual([all[1]]);
  expect(await store.deployments.release(made.id, 2)).toEqual(all[1]);
  expect(await store.deployments.release(made.id, 4)).toBeNull();
});

test('changes at once each get a number of their own', async () => {
  const { id } = await addDeployment(store);
  await Promise.all(
    Array.from({ length: 8 }, (_, n) => store.deployments.update(id, { keepAlive: { kind: 'fixed', ms: n } })),
  );
  const numbers = (await store.deployments.releases(id, { limit: 20 })).map(({ number }) => number);
  expect(numbers).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test('a change that is refused leaves no release, nor does a name that is taken', async () => {
  const deployment = await addDeployment(store);
  await expect(store.deployments.update(deployment.id, { minInstances: 9 })).rejects.toThrow(
    /min_instances would be more/,
  );
  expect(await store.deployments.insert(deployment)).toBe('taken');
  expect(await store.deployments.releases(deployment.id, { limit: 10 })).toHaveLength(1);
});

test('nothing is deployed on a version that was removed', async () => {
  const deployment = await addDeployment(store);
  const gone = await addVersion(store, deployment.modelId);
  expect(await store.models.removeVersion(gone.id)).toBe('removed');
  const change = { versionId: gone.id, maxInstances: 9 };
  await expect(store.deployments.update(deployment.id, change)).rejects.toThrow(VersionGone);
  const row = { ...SCALE, ...change, owner: deployment.owner, name: unique('app'), modelId: deployment.modelId };
  await expect(store.deployments.insert(row)).rejects.toThrow(VersionGone);
  expect(await store.deployments.get(deployment.id)).toEqual(deployment);
});

test('an instance is of the newest release that has its content', async () => {
  const deployment = await addDeployment(store);
  const { id } = await addInstance(store, deployment);
  const releaseOfIt = async (): Promise<number | undefined> => {
    const overview = await store.deployments.overview();
    const found = overview.find((one) => one.deployment.id === deployment.id);
    return found?.instances.find((one) => one.id === id)?.release;
  };
  expect(await releaseOfIt()).toBe(1);
  await store.deployments.update(deployment.id, { maxInstances: 9 });
  expect(await releaseOfIt()).toBe(2);
  await store.deployments.update(deployment.id, { hardwareSku: 'gpu' });
  expect(await releaseOfIt()).toBe(2);
  await store.deployments.update(deployment.id, { hardwareSku: 'cpu' }, { restores: 2 });
  expect(await releaseOfIt()).toBe(4);
});

test('one of an implicit deployment is of its only release', async () => {
  const version = await addVersion(store);
  const deployment = await store.deployments.ensureImplicit(version, SCALE);
  await addInstance(store, deployment);
  const found = (await store.deployments.overview()).find((one) => one.deployment.id === deployment.id);
  expect(found?.instances).toMatchObject([{ release: 1 }]);
  expect(await store.deployments.releases(deployment.id, { limit: 10 })).toEqual([]);
});

test('a database from before has the release that each deployment was at', async () => {
  const own = await openWorld();
  const deployment = await addDeployment(own.store);
  await own.store.deployments.update(deployment.id, { maxInstances: 9 });
  const { db } = connect(own.url, 1);
  await sql`
    drop table releases, use_histories, pooled_gaps;
    alter table deployments drop column released_by, drop column keep_alive, add column keep_alive_ms bigint;
    update deployments set keep_alive_ms = 90000;
  `.execute(db);
  await releases.up(db);
  await keepAlive.up(db);
  await db.destroy();
  expect(await own.store.deployments.releases(deployment.id, { limit: 10 })).toMatchObject([
    { number: 2, maxInstances: 9, createdBy: deployment.owner, createdAt: expect.closeTo(systemNow(), -5) },
  ]);
  const kept = { keepAlive: { kind: 'fixed', ms: 90_000 } };
  expect(await own.store.deployments.get(deployment.id)).toMatchObject(kept);
  expect(await own.store.deployments.release(deployment.id, 2)).toMatchObject(kept);
  await own.close();
});
