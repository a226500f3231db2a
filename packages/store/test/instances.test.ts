import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InstanceRow, Store } from '../src/index.ts';
import { addDeployment, addInstance, openWorld, type World } from './world.ts';

let world: World;
let store: Store;
const at = systemNow();
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

test('the list pages and filters', async () => {
  const deployment = await addDeployment(store);
  const made: InstanceRow[] = [];
  for (let n = 0; n < 3; n++) made.push(await addInstance(store, deployment, at + n));
  const [gone] = made;
  if (!gone) throw new Error('nothing was inserted');
  await store.instances.move(gone.id, 'booting', 'vanished', { at });
  const all = await store.instances.list({ limit: 10 });
  expect(ids(all)).toEqual(ids(made).toReversed());
  expect(ids(await store.instances.list({ limit: 1, before: all[0]?.id }))).toEqual(ids(all.slice(1, 2)));
  expect(ids(await store.instances.list({ limit: 10, live: false }))).toEqual([gone.id]);
  expect(await store.instances.list({ limit: 10, live: true })).toHaveLength(2);
  expect(await store.instances.list({ limit: 10, deploymentId: 'another' })).toEqual([]);
});
