import { systemNow } from '@hearth/kit';
import { type TestDatabase, testDatabase } from '@hearth/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createStore, type Store } from '../src/index.ts';
import { addDeployment, addInstance, addVersion } from './world.ts';

const HOST = 'here';
const HOUR = 3_600_000;

let database: TestDatabase;
let store: Store;
beforeEach(async () => {
  database = await testDatabase();
  store = await createStore({ url: database.url });
});
afterEach(async () => {
  await store.close();
  await database.close();
});

const imageOf = async (versionId: string): Promise<string> => {
  const version = await store.models.version(versionId);
  if (version?.source.kind !== 'image') throw new Error('the version has no image');
  return version.source.image;
};

it('remembers what was brought to a host, how long ago it was used there, and what is needed', async () => {
  const deployment = await addDeployment(store, { minInstances: 0 });
  const image = await imageOf(deployment.versionId);
  const fetchedAt = systemNow() - 10 * HOUR;
  await store.images.fetched(HOST, image, 5_000_000_000, fetchedAt);
  await store.images.fetched('elsewhere', image, 5_000_000_000, fetchedAt);
  expect(await store.images.ofHost(HOST)).toEqual([
    { image, sizeBytes: 5_000_000_000, lastUsedAt: fetchedAt, needed: false },
  ]);

  const bootedAt = systemNow() - 2 * HOUR;
  const instance = await addInstance(store, deployment, bootedAt);
  expect(await store.images.ofHost(HOST)).toMatchObject([{ lastUsedAt: bootedAt, needed: true }]);
  await store.consumers.used([{ instanceId: instance.id, lastUsedAt: bootedAt + HOUR, taken: [] }]);
  await store.instances.move(instance.id, 'booting', 'vanished', { at: bootedAt + HOUR });
  expect(await store.images.ofHost(HOST)).toMatchObject([{ lastUsedAt: bootedAt + HOUR, needed: false }]);
  // What ran here says nothing of there.
  expect(await store.images.ofHost('elsewhere')).toMatchObject([{ lastUsedAt: fetchedAt, needed: false }]);

  await store.images.forgotten(HOST, image);
  expect(await store.images.ofHost(HOST)).toEqual([]);
  expect(await store.images.ofHost('elsewhere')).toHaveLength(1);
});

it('an image is needed on every host while a deployment of it always keeps instances', async () => {
  const deployment = await addDeployment(store, { minInstances: 1 });
  await store.images.fetched('elsewhere', await imageOf(deployment.versionId), 1, systemNow());
  expect(await store.images.ofHost('elsewhere')).toMatchObject([{ needed: true }]);
  await store.deployments.remove(deployment.id);
  expect(await store.images.ofHost('elsewhere')).toMatchObject([{ needed: false }]);
});

it('tells an image that was just added, with the hardware of its model', async () => {
  const version = await addVersion(store);
  const image = await imageOf(version.id);
  const [use, ...more] = await store.images.inUse(systemNow() - HOUR);
  expect(more).toEqual([]);
  expect(use).toMatchObject({ image, lastUsedAt: null, minInstances: 0, hardwareSkus: ['cpu'], sizeBytes: null });
  expect(use?.pushedAt).toBeGreaterThan(systemNow() - HOUR);
  expect(await store.images.inUse(systemNow() + HOUR)).toEqual([]);
});

it('tells an image that is used, and one that is always kept, however old', async () => {
  const deployment = await addDeployment(store, { minInstances: 0 });
  const image = await imageOf(deployment.versionId);
  const usedAt = systemNow() + 2 * HOUR;
  await store.images.fetched(HOST, image, 7, systemNow());
  await addInstance(store, deployment, usedAt);
  const later = systemNow() + HOUR;
  expect(await store.images.inUse(later)).toMatchObject([{ image, lastUsedAt: usedAt, sizeBytes: 7 }]);
  expect(await store.images.inUse(usedAt + HOUR)).toEqual([]);
  await store.deployments.update(deployment.id, { minInstances: 2 });
  expect(await store.images.inUse(usedAt + HOUR)).toMatchObject([{ image, minInstances: 2 }]);
});
