import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addRunnable, run } from './runnable.ts';
import { addInstance, addVersion, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('what a deployment did before its release is no measure of it', async () => {
  const { store } = world;
  const { model, deployment } = await addRunnable(store);
  await run(store, deployment);
  const { id } = await addInstance(store, deployment);
  await store.instances.move(id, 'booting', 'booted', { at: systemNow() });
  const limits = { runs: 3, boots: 2 };
  const [before] = await store.deployments.recentWork([deployment.id], limits);
  expect([before?.runs.length, before?.boots.length]).toEqual([1, 1]);
  const next = await addVersion(store, model.id);
  await store.deployments.update(deployment.id, { versionId: next.id });
  const nothing = [{ deploymentId: deployment.id, runs: [], boots: [] }];
  expect(await store.deployments.recentWork([deployment.id], limits)).toEqual(nothing);
});
