import type { BudgetBound } from '@hearth/core';
import { expect, test } from 'vitest';
import type { BudgetLimits, Store } from '../../src/index.ts';
import { NOON, Spending } from '../spending.ts';
import { addDeployment } from '../world.ts';
import { type OpenStore, onOneStore } from './under-test.ts';

const HOUR = 3_600_000;

/** What an account may spend, against what is held and spent. */
export function budgetsContract(open: OpenStore): void {
  let store: Store;
  let spending: Spending;
  onOneStore(open, async (world) => {
    store = world.store;
    spending = new Spending(store, await addDeployment(store));
  });

  test('holds what a prediction may cost, and turns it into what it did cost', async () => {
    const { id: accountId, username } = await spending.account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100 }, NOON);
    const first = await spending.insert(accountId, 60);
    expect(first).toMatchObject({ holdMicros: 60, held: false });
    expect(await spending.standing(accountId)).toEqual([60, 1, 0, 0]);
    expect(await spending.refused(accountId, 41)).toEqual<BudgetBound>({
      account: username,
      token: null,
      what: 'day',
      limit: 100,
      spent: 0,
      held: 60,
      needed: 41,
    });
    const second = await spending.insert(accountId, 40);
    expect(await spending.standing(accountId)).toEqual([100, 2, 0, 0]);
    expect(await spending.end(first.id, 10)).toMatchObject({ status: 'succeeded', holdMicros: 60 });
    expect(await spending.standing(accountId)).toEqual([40, 1, 10, 10]);
    await store.predictions.finish(second.id, null, { status: 'canceled', completedAt: NOON }, null);
    expect(await spending.standing(accountId)).toEqual([0, 0, 10, 10]);
    expect(await spending.refused(accountId, 91)).toMatchObject({ spent: 10, held: 0, needed: 91 });
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });

  test('begins a day and a month anew; what has not ended counts in the new one too', async () => {
    const { id: accountId } = await spending.account();
    const lateAt = Date.UTC(2026, 0, 31, 23, 59, 59);
    const nextAt = lateAt + 2_000;
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100, monthMicros: 100 }, lateAt);
    const first = await spending.insert(accountId, 50, { createdAt: lateAt });
    const over = await spending.insert(accountId, 50, { createdAt: lateAt });
    await spending.end(first.id, 50, lateAt);
    expect(await spending.standing(accountId, lateAt)).toEqual([50, 1, 50, 50]);
    // In February, January's spending is over, and the one that runs on is held.
    expect(await spending.standing(accountId, nextAt)).toEqual([50, 1, 0, 0]);
    expect(await spending.refused(accountId, 51, { createdAt: nextAt })).toMatchObject({
      what: 'day',
      spent: 0,
      held: 50,
    });
    await spending.end(over.id, 40, nextAt);
    expect(await spending.standing(accountId, nextAt)).toEqual([0, 0, 40, 40]);
    // An end that comes late is January's.
    const late = await spending.insert(accountId, 60, { createdAt: nextAt });
    await spending.end(late.id, 60, lateAt);
    expect(await spending.standing(accountId, nextAt)).toEqual([0, 0, 40, 40]);
    expect(await store.budgets.repair(nextAt)).toEqual([]);
  });

  test('set, raised and lowered later, counts what was spent before and what has not ended', async () => {
    const { id: accountId } = await spending.account();
    const day = await spending.insert(accountId, 30);
    await spending.end(day.id, 20, NOON - HOUR);
    const month = await spending.insert(accountId, 30);
    await spending.end(month.id, 7, NOON - 30 * HOUR);
    await spending.insert(accountId, 25);
    const set = (limits: Partial<BudgetLimits>) => store.budgets.set({ accountId, tokenId: null }, limits, NOON);
    expect(await set({ dayMicros: 50 })).toMatchObject({ heldMicros: 25, daySpentMicros: 20, monthSpentMicros: 27 });
    expect(await spending.refused(accountId, 6)).toMatchObject({ what: 'day', spent: 20, held: 25 });
    await spending.insert(accountId, 5);
    expect(await set({ dayMicros: 10 })).toMatchObject({ heldMicros: 30, daySpentMicros: 20 });
    expect(await spending.refused(accountId, 1)).toMatchObject({ limit: 10 });
    // What is free is let in over any limit.
    await spending.insert(accountId, 0);
    expect(await set({ dayMicros: null, monthMicros: 1_000 })).toMatchObject({ dayMicros: null, monthMicros: 1_000 });
    await spending.insert(accountId, 900);
    expect(await store.budgets.remove(accountId)).toBe(true);
    expect(await store.budgets.remove(accountId)).toBe(false);
    await spending.insert(accountId, 10_000);
    expect(await set({ dayMicros: 100 })).toMatchObject({ heldMicros: 10_930, inFlight: 5 });
    expect(await store.budgets.repair(NOON)).toEqual([]);
  });

  test('raises a hold as far as there is room', async () => {
    const { id: accountId } = await spending.account();
    await store.budgets.set({ accountId, tokenId: null }, { dayMicros: 100 }, NOON);
    const { id } = await spending.insert(accountId, 40);
    await spending.insert(accountId, 10);
    const extend = (micros: number, attempt = 1) => store.predictions.extendHold(id, attempt, micros, NOON);
    expect(await extend(50)).toBeNull();
    await spending.claim(id);
    expect(await extend(50)).toEqual({ holdMicros: 50, bound: null });
    expect(await extend(50)).toEqual({ holdMicros: 50, bound: null });
    expect(await extend(200)).toMatchObject({ holdMicros: 90, bound: { what: 'day', held: 60, needed: 150 } });
    expect(await extend(200)).toMatchObject({ holdMicros: 90, bound: { needed: 110 } });
    expect(await extend(200, 2)).toBeNull();
    expect(await spending.standing(accountId)).toEqual([100, 2, 0, 0]);
    // Who has no budget may hold anything.
    const free = await spending.insert('nobody', 1);
    await spending.claim(free.id);
    expect(await store.predictions.extendHold(free.id, 1, 1_000, NOON)).toEqual({ holdMicros: 1_000, bound: null });
  });

  test('is read only where there is one', async () => {
    const { id: accountId } = await spending.account();
    expect(await store.budgets.get(accountId, NOON)).toBeNull();
    expect(await store.budgets.set({ accountId: 'nobody', tokenId: null }, { dayMicros: 1 }, NOON)).toBeNull();
    expect(await store.budgets.set({ accountId, tokenId: 'none' }, { dayMicros: 1 }, NOON)).toBeNull();
    // A rate alone is no reason to lock anything when a prediction is made.
    await store.budgets.set({ accountId, tokenId: null }, { createsPerMinute: 5 }, NOON);
    await spending.insert(accountId, 9);
    expect(await spending.standing(accountId)).toEqual([0, 0, 0, 0]);
    expect(await store.budgets.rates({ accountId, tokenId: 'none' })).toEqual({ account: 5, token: null });
  });
}
