import { newId } from '@hearth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeploymentRow, PredictionRow, Store } from '../src/index.ts';
import { addDeployment, newPrediction, openWorld, unique, type World } from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

const instance = { id: 'instance', versionId: 'version', hardwareSku: 'cpu' };
const account = async (share: Parameters<Store['accounts']['setShare']>[1] = {}) => {
  const username = unique('account');
  const { id } = await store.accounts.ensure({ type: 'user', username, name: username });
  await store.accounts.setShare(username, share);
  return { id, username };
};
let clock = 1_000;
const inserted = async (count: number, deployment: DeploymentRow, accountId: string) => {
  const rows: PredictionRow[] = [];
  for (let n = 0; n < count; n++) {
    const createdAt = clock++;
    rows.push(
      await store.predictions.insert(newPrediction(deployment, { id: newId(createdAt), accountId, createdAt })),
    );
  }
  return rows;
};
const claim = ({ id, attempt }: PredictionRow) =>
  store.predictions.claim({ predictionId: id, attempt }, instance, clock);
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);
const queued = async (deployment: DeploymentRow) =>
  ids((await store.predictions.line(deployment.id, 1_000)).filter(({ status }) => status === 'starting'));

test('in the line, one that was given back is before all others', async () => {
  const deployment = await addDeployment(store);
  const [a, b] = [await account(), await account()];
  const rows = await inserted(5, deployment, a.id);
  const last = rows.at(-1);
  if (!last) throw new Error('nothing was inserted');
  await claim(last);
  await store.predictions.giveBack(last.id, 1, false);
  const [quiet] = await inserted(1, deployment, b.id);
  expect(await queued(deployment)).toEqual([last, rows[0], quiet, ...rows.slice(1, 4)].map((row) => row?.id));
});

test('what is held is in no line, and in its account’s overview', async () => {
  const deployment = await addDeployment(store);
  const { id, username } = await account();
  const rows = await inserted(5, deployment, id);
  await claim(rows[0] as PredictionRow);
  await store.accounts.setShare(username, { maxInFlight: 2 });
  await store.predictions.admit(id, clock);
  expect(await queued(deployment)).toEqual([rows[1]?.id]);
  const asked = { waiting: 1, held: 3, inFlight: 1, maxInFlight: 2 };
  expect(await store.accounts.overviewOf(username)).toMatchObject(asked);
});

test('shares are 1 and unlimited unless somebody says otherwise, and each is changed by itself', async () => {
  const { username } = await account();
  expect(await store.accounts.overviewOf(username)).toMatchObject({ weight: 1, maxInFlight: null });
  expect(await store.accounts.setShare(username, { weight: 2.5 })).toBe(true);
  expect(await store.accounts.setShare(username, { maxInFlight: 3 })).toBe(true);
  expect(await store.accounts.overviewOf(username)).toMatchObject({ weight: 2.5, maxInFlight: 3 });
  expect(await store.accounts.setShare(username, { maxInFlight: null })).toBe(true);
  expect(await store.accounts.overviewOf(username)).toMatchObject({ weight: 2.5, maxInFlight: null });
});
