import type { BudgetBound } from '@hearth/core';
import { newId } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BudgetExceeded, type DeploymentRow, type NewPrediction, type Store } from '../src/index.ts';
import { addDeployment, newPrediction, openWorld, unique, usageOf, type World } from './world.ts';

let world: World;
let store: Store;
let deployment: DeploymentRow;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
  deployment = await addDeployment(store);
});
afterAll(() => world.close());

const NOON = Date.UTC(2026, 0, 31, 12);
const HOUR = 3_600_000;
const instance = { id: 'instance', versionId: 'version', hardwareSku: 'cpu' };

const account = (username = unique('account')) => store.accounts.ensure({ type: 'user', username, name: username });
const insert = (accountId: string, holdMicros: number, change: Partial<NewPrediction> = {}) => {
  const createdAt = change.createdAt ?? NOON;
  return store.predictions.insert(newPrediction(deployment, { accountId, holdMicros, createdAt, ...change }));
};
const refused = async (accountId: string, holdMicros: number, change: Partial<NewPrediction> = {}) => {
  const id = newId(NOON);
  const error = await insert(accountId, holdMicros, { id, ...change }).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(await store.predictions.get(id)).toBeNull();
  if (!(error instanceof BudgetExceeded)) throw new Error(`not refused: ${String(error)}`);
  return error.bound;
};
const claim = (id: string, attempt = 0) => store.predictions.claim({ predictionId: id, attempt }, instance, NOON);
const end = async (id: string, costMicros: number, at = NOON) => {
  const row = await claim(id);
  if (row === null) throw new Error('not claimed');
  const usage = usageOf(row, deployment, { accountId: row.accountId, costMicros, at });
  return store.predictions.finish(id, 1, { status: 'succeeded', completedAt: at }, usage);
};
const standing = async (id: string, at = NOON) => {
  const row = await store.budgets.get(id, at);
  return row && [row.heldMicros, row.inFlight, row.daySpentMicros, row.monthSpentMicros];
};

describe('a budget', () => {
  test('holds what a prediction may cost, and turns it into what it did cost', async () => {
    const { id: accountId, username } = await account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100 }, NOON);
    const first = await insert(accountId, 60);
    expect(first).toMatchObject({ holdMicros: 60, held: false });
    expect(await standing(accountId)).toEqual([60, 1, 0, 0]);
    expect(await refused(accountId, 41)).toEqual<BudgetBound>({
      account: username,
      token: null,
      what: 'day',
      limit: 100,
      spent: 0,
      held: 60,
      needed: 41,
    });
    const second = await insert(accountId, 40);
    expect(await standing(accountId)).toEqual([100, 2, 0, 0]);
    expect(await end(first.id, 10)).toMatchObject({ status: 'succeeded', holdMicros: 60 });
    expect(await standing(accountId)).toEqual([40, 1, 10, 10]);
    await store.predictions.finish(second.id, null, { status: 'canceled', completedAt: NOON }, null);
    expect(await standing(accountId)).toEqual([0, 0, 10, 10]);
    expect(await refused(accountId, 91)).toMatchObject({ spent: 10, held: 0, needed: 91 });
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });
});
