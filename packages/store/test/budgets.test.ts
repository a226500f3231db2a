import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BudgetLimits, createStore, type Store } from '../src/index.ts';
import { NOON, Spending } from './spending.ts';
import { addDeployment, openWorld, type World } from './world.ts';

let world: World;
let store: Store;
let spending: Spending;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
  spending = new Spending(store, await addDeployment(store));
});
afterAll(() => world.close());

const HOUR = 3_600_000;

// What budgets do is in the suite of the stores; here is what only Postgres can get wrong.
describe('a budget', () => {
  test('that is set while predictions are made misses none of them', async () => {
    const { id: accountId } = await spending.account();
    const other = await createStore({ url: world.url });
    const inserts = Array.from({ length: 200 }, () => spending.insert(accountId, 1).catch((error: unknown) => error));
    await other.budgets.set({ accountId, tokenId: null }, { dayMicros: 150 }, NOON);
    const rows = await Promise.all(inserts);
    await other.close();
    const made = rows.filter((row) => !(row instanceof Error)).length;
    expect(await spending.standing(accountId)).toEqual([made, made, 0, 0]);
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });

  test('counts corrections when they are made', async () => {
    const { id: accountId } = await spending.account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100, monthMicros: 100 }, NOON);
    const { id } = await spending.insert(accountId, 100);
    await spending.end(id, 80);
    const correct = { costMicros: -30, reason: 'it stood still', madeBy: 'hearth' };
    await store.ledger.correct(id, { ...correct, at: NOON });
    expect(await spending.standing(accountId)).toEqual([0, 0, 50, 50]);
    await store.ledger.correct(id, { ...correct, at: NOON + 13 * HOUR });
    expect(await spending.standing(accountId, NOON + 13 * HOUR)).toEqual([0, 0, -30, -30]);
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
    const { id: accountId } = await spending.account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100 }, NOON);
    await spending.insert(accountId, 40);
    await world.query('update budgets set held_micros = 7, day_spent_micros = 3 where id = $1', [accountId]);
    expect(await store.budgets.repair(NOON)).toMatchObject([
      { id: accountId, heldMicros: 7, countedHeldMicros: 40, daySpentMicros: 3, countedDaySpentMicros: 0 },
    ]);
    expect(await spending.standing(accountId)).toEqual([40, 1, 0, 0]);
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });
});
