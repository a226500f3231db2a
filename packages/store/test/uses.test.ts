import { NO_POOLED_GAPS } from '@hearth/core';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addDeployment, HISTORY, openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

it('reads what an earlier scheduler kept, which knew less: what it lacks is unlearned', async () => {
  const { uses } = world.store;
  const { id } = await addDeployment(world.store);
  await uses.save([{ deploymentId: id, history: HISTORY, expects: false }], NO_POOLED_GAPS);
  const client = new Client(world.url);
  await client.connect();
  await client.query("update use_histories set history = history - 'foreseen' where deployment_id = $1", [id]);
  await client.query(`update pooled_gaps set counts = '[[1], [2], []]'`);
  await client.end();
  const { rows, pooled } = await uses.load();
  expect(rows.find((row) => row.deploymentId === id)?.history).toEqual({ ...HISTORY, foreseen: null });
  expect(pooled).toBeNull();
});

it('has a deployment in every look while it expects a use, and forgets it once it was removed', async () => {
  const { uses, instances, deployments } = world.store;
  const deployment = await addDeployment(world.store);
  const seen = async (): Promise<boolean> =>
    (await instances.observe()).deployments.some(({ id }) => id === deployment.id);
  expect(await seen()).toBe(false);
  await uses.save([{ deploymentId: deployment.id, history: HISTORY, expects: true }], NO_POOLED_GAPS);
  expect(await seen()).toBe(true);
  await uses.save([{ deploymentId: deployment.id, history: HISTORY, expects: false }], NO_POOLED_GAPS);
  expect(await seen()).toBe(false);

  await deployments.remove(deployment.id);
  await uses.save([{ deploymentId: 'nobody', history: HISTORY, expects: true }], NO_POOLED_GAPS);
  const left = (await uses.load()).rows.map(({ deploymentId }) => deploymentId);
  expect(left).not.toContain(deployment.id);
  expect(left).not.toContain('nobody');
});
