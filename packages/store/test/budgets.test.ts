import type { BudgetBound } from '@hearth/core';
import { newId } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BudgetExceeded,
  type BudgetLimits,
  createStore,
  type DeploymentRow,
  type NewPrediction,
  type Store,
} from '../src/index.ts';
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

  test('begins a day and a month anew; what has not ended counts in the new one too', async () => {
    const { id: accountId } = await account();
    const lateAt = Date.UTC(2026, 0, 31, 23, 59, 59);
    const nextAt = lateAt + 2_000;
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100, monthMicros: 100 }, lateAt);
    const first = await insert(accountId, 50, { createdAt: lateAt });
    const over = await insert(accountId, 50, { createdAt: lateAt });
    await end(first.id, 50, lateAt);
    expect(await standing(accountId, lateAt)).toEqual([50, 1, 50, 50]);
    // In February, January's spending is over, and the one that runs on is held.
    expect(await standing(accountId, nextAt)).toEqual([50, 1, 0, 0]);
    expect(await refused(accountId, 51, { createdAt: nextAt })).toMatchObject({ what: 'day', spent: 0, held: 50 });
    await end(over.id, 40, nextAt);
    expect(await standing(accountId, nextAt)).toEqual([0, 0, 40, 40]);
    // An end that comes late is January's.
    const late = await insert(accountId, 60, { createdAt: nextAt });
    await end(late.id, 60, lateAt);
    expect(await standing(accountId, nextAt)).toEqual([0, 0, 40, 40]);
    expect(await store.budgets.repair(nextAt)).toEqual([]);
  });

  test('set, raised and lowered later, counts what was spent before and what has not ended', async () => {
    const { id: accountId } = await account();
    const day = await insert(accountId, 30);
    await end(day.id, 20, NOON - HOUR);
    const month = await insert(accountId, 30);
    await end(month.id, 7, NOON - 30 * HOUR);
    await insert(accountId, 25);
    const set = (limits: Partial<BudgetLimits>) => store.budgets.set({ accountId, tokenId: null }, limits, NOON);
    expect(await set({ dayMicros: 50 })).toMatchObject({ heldMicros: 25, daySpentMicros: 20, monthSpentMicros: 27 });
    expect(await refused(accountId, 6)).toMatchObject({ what: 'day', spent: 20, held: 25 });
    await insert(accountId, 5);
    expect(await set({ dayMicros: 10 })).toMatchObject({ heldMicros: 30, daySpentMicros: 20 });
    expect(await refused(accountId, 1)).toMatchObject({ limit: 10 });
    // What is free is let in over any limit.
    await insert(accountId, 0);
    expect(await set({ dayMicros: null, monthMicros: 1_000 })).toMatchObject({ dayMicros: null, monthMicros: 1_000 });
    await insert(accountId, 900);
    expect(await store.budgets.remove(accountId)).toBe(true);
    expect(await store.budgets.remove(accountId)).toBe(false);
    await insert(accountId, 10_000);
    expect(await set({ dayMicros: 100 })).toMatchObject({ heldMicros: 10_930, inFlight: 5 });
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });

  test('that is set while predictions are made misses none of them', async () => {
    const { id: accountId } = await account();
    const other = await createStore({ url: world.url });
    const inserts = Array.from({ length: 200 }, () => insert(accountId, 1).catch((error: unknown) => error));
    await other.budgets.set({ accountId, tokenId: null }, { dayMicros: 150 }, NOON);
    const rows = await Promise.all(inserts);
    await other.close();
    const made = rows.filter((row) => !(row instanceof Error)).length;
    expect(await standing(accountId)).toEqual([made, made, 0, 0]);
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });

  test('raises a hold as far as there is room', async () => {
    const { id: accountId } = await account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100 }, NOON);
    const { id } = await insert(accountId, 40);
    await insert(accountId, 10);
    const extend = (micros: number, attempt = 1) => store.predictions.extendHold(id, attempt, micros, NOON);
    expect(await extend(50)).toBeNull();
    await claim(id);
    expect(await extend(50)).toEqual({ holdMicros: 50, bound: null });
    expect(await extend(50)).toEqual({ holdMicros: 50, bound: null });
    expect(await extend(200)).toMatchObject({ holdMicros: 90, bound: { what: 'day', held: 60, needed: 150 } });
    expect(await extend(200)).toMatchObject({ holdMicros: 90, bound: { needed: 110 } });
    expect(await extend(200, 2)).toBeNull();
    expect(await standing(accountId)).toEqual([100, 2, 0, 0]);
    // Who has no budget may hold anything.
    const free = await insert('nobody', 1);
    await claim(free.id);
    expect(await store.predictions.extendHold(free.id, 1, 1_000, NOON)).toEqual({ holdMicros: 1_000, bound: null });
  });

  test('counts corrections when they are made', async () => {
    const { id: accountId } = await account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100, monthMicros: 100 }, NOON);
    const { id } = await insert(accountId, 100);
    await end(id, 80);
    const correct = { costMicros: -30, reason: 'it stood still', madeBy: 'hearth' };
    await store.ledger.correct(id, { ...correct, at: NOON });
    expect(await standing(accountId)).toEqual([0, 0, 50, 50]);
    await store.ledger.correct(id, { ...correct, at: NOON + 13 * HOUR });
    expect(await standing(accountId, NOON + 13 * HOUR)).toEqual([0, 0, -30, -30]);
    expect(await store.budgets.repair(NOON + 13 * HOUR)).toEqual([]);
  });

  test('is among the fullest by the period that has the least left, and by its limit, not by what was spent', async () => {
    const fresh = await openWorld();
    const { accounts, budgets } = fresh.store;
    const set = async (username: string, limits: Partial<BudgetLimits>, spent: number) => {
      const { id } = await accounts.ensure({ type: 'user', username, name: username });
      await budgets.set({ accountId: id, tokenId: null }, limits, NOON);
      await fresh.query('update budgets set day_spent_micros = $2, month_spent_micros = $2 where id = $1', [id, spent]);
    };
    await set('half', { dayMicros: 1_000 }, 500);
    await set('of-the-month', { dayMicros: 1_000, monthMicros: 100 }, 90);
    await set('nothing-allowed', { monthMicros: 0 }, 0);
    await set('a-lot', { dayMicros: 1_000_000 }, 10_000);
    await set('only-a-rate', { createsPerMinute: 1 }, 0);
    const names = async (limit: number, now = NOON) =>
      (await budgets.fullest(limit, now)).map(({ username }) => username);
    expect(await names(10)).toEqual(['nothing-allowed', 'of-the-month', 'half', 'a-lot']);
    expect(await names(2)).toEqual(['nothing-allowed', 'of-the-month']);
    const tomorrow = await budgets.fullest(10, NOON + 24 * HOUR);
    expect(tomorrow.map(({ daySpentMicros, monthSpentMicros }) => daySpentMicros + monthSpentMicros)).toEqual([
      0, 0, 0, 0,
    ]);
    await fresh.close();
  });

  test('that drifted is found and set right', async () => {
    const { id: accountId } = await account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100 }, NOON);
    await insert(accountId, 40);
    await world.query('update budgets set held_micros = 7, day_spent_micros = 3 where id = $1', [accountId]);
    expect(await store.budgets.repair(NOON)).toMatchObject([
      { id: accountId, heldMicros: 7, countedHeldMicros: 40, daySpentMicros: 3, countedDaySpentMicros: 0 },
    ]);
    expect(await standing(accountId)).toEqual([40, 1, 0, 0]);
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });

  test('is read only where there is one', async () => {
    const { id: accountId } = await account();
    expect(await store.budgets.get(accountId, NOON)).toBeNull();
    expect(await store.budgets.set({ accountId: 'nobody', tokenId: null }, { dayMicros: 1 }, NOON)).toBeNull();
    expect(await store.budgets.set({ accountId, tokenId: 'none' }, { dayMicros: 1 }, NOON)).toBeNull();
    // A rate alone is no reason to lock anything when a prediction is made.
    await store.budgets.set({ accountId, tokenId: null }, { createsPerMinute: 5 }, NOON);
    await insert(accountId, 9);
    expect(await standing(accountId)).toEqual([0, 0, 0, 0]);
    expect(await store.budgets.rates({ accountId, tokenId: 'none' })).toEqual({ account: 5, token: null });
  });
});
