import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeploymentRow, Store } from '../src/index.ts';
import { addDeployment, addInstance, addVersion, newPrediction, openWorld, usageOf, type World } from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

const T = Date.UTC(2026, 0, 2, 12);

async function ran(deployment: DeploymentRow, at: number, runMs: number, status: 'succeeded' | 'failed' = 'succeeded') {
  const row = await store.predictions.insert(newPrediction(deployment, { createdAt: at }));
  const on = { id: 'i', versionId: deployment.versionId, hardwareSku: 'cpu' };
  const claimed = await store.predictions.claim({ predictionId: row.id, attempt: 0 }, on, at);
  if (!claimed) throw new Error('the claim was refused');
  const bill = usageOf(claimed, deployment, { at, status, predictMicroseconds: runMs * 1_000 });
  await store.predictions.finish(row.id, 1, { status, completedAt: at }, bill);
}

async function booted(deployment: DeploymentRow, at: number, bootMs: number): Promise<void> {
  const { id } = await addInstance(store, deployment, at);
  await store.instances.stampPhase(id, 'place', at);
  await store.instances.stampPhase(id, 'ready', at + bootMs);
}

test('the newest runs and boots of each deployment, of what it is now', async () => {
  const [busy, quiet] = [await addDeployment(store), await addDeployment(store)];
  for (const n of [1, 2, 3]) await ran(busy, T + n, n * 100);
  await ran(busy, T + 4, 400, 'failed');
  await booted(busy, T, 5_000);
  await addInstance(store, busy, T + 1);

  const limits = { runs: 3, boots: 2 };
  const [first, second] = await store.deployments.recentWork([busy.id, quiet.id, 'unknown'], limits);
  // The failed run is one of the newest three, and is left out of them.
  expect(first).toEqual({
    deploymentId: busy.id,
    runs: [
      { runMs: 300, at: T + 3 },
      { runMs: 200, at: T + 2 },
    ],
    boots: [expect.objectContaining({ place: T, ready: T + 5_000 })],
  });
  expect(second).toEqual({ deploymentId: quiet.id, runs: [], boots: [] });

  const next = await addVersion(store, busy.modelId);
  await store.deployments.update(busy.id, { versionId: next.id });
  expect(await store.deployments.recentWork([busy.id], limits)).toEqual([
    { deploymentId: busy.id, runs: [], boots: [] },
  ]);
  expect(await store.deployments.recentWork([], limits)).toEqual([]);
});
