import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Store } from '../src/index.ts';
import { addDeployment, newPrediction, openWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;
const now = systemNow();
let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  ({ store } = world);
});
afterAll(() => world.close());

it('sealed inputs go with the end of their prediction, and where it never came, after a while', async () => {
  const deployment = await addDeployment(store);
  const accountId = (await store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' })).id;
  const [waiting, over, orphan, coming] = [newId(now), newId(now), newId(now), newId(now)];
  for (const id of [waiting, over, coming]) await store.sealedInputs.put(id, { token: `sealed for ${id}` }, now);
  await store.sealedInputs.put(orphan, { token: 'of nobody' }, now - 2 * HOUR_MS);
  for (const id of [waiting, over])
    await store.predictions.insert(newPrediction(deployment, { id, accountId, createdAt: now }));
  await store.predictions.finish(over, null, { status: 'canceled', completedAt: now }, null);
  const all = [waiting, over, orphan, coming];
  expect([...(await store.sealedInputs.of(all)).keys()].toSorted()).toEqual(all.toSorted());
  expect(await store.sealedInputs.removeOver(now - HOUR_MS)).toBe(2);
  const kept = await store.sealedInputs.of(all);
  expect([...kept.keys()].toSorted()).toEqual([waiting, coming].toSorted());
  expect(kept.get(waiting)).toEqual({ token: `sealed for ${waiting}` });
  expect((await store.sealedInputs.of([])).size).toBe(0);
});

it('sealed inputs are taken back where no prediction came of them, and only there', async () => {
  const deployment = await addDeployment(store);
  const [refused, made] = [newId(now), newId(now)];
  for (const id of [refused, made]) await store.sealedInputs.put(id, { token: 'sealed' }, now);
  await store.predictions.insert(newPrediction(deployment, { id: made }));
  for (const id of [refused, made]) await store.sealedInputs.takeBack(id);
  expect([...(await store.sealedInputs.of([refused, made])).keys()]).toEqual([made]);
});
