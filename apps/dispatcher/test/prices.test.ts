import { PRICE_LEAD_MS, priceAt } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPrices } from '../src/runs/prices.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

it('what is remembered is the price in force, however prices change meanwhile', async () => {
  const { hosts } = world.store;
  const [cpu] = await hosts.hardware();
  if (cpu === undefined) throw new Error('no hardware');
  const begin = systemNow();
  let now = begin;
  const prices = createPrices(world.store, () => now);
  for (let second = 0; second < 40; second++) {
    now = begin + second * 1_000;
    const told = await prices.at('cpu', now);
    // After the question: what comes of it must not be missed once it holds.
    if (second % 3 === 0) await hosts.putHardware({ ...cpu, priceMicrosPerSecond: 100 + second }, { at: now });
    const history = (await hosts.prices()).get('cpu') ?? [];
    expect(told, `after ${second} s`).toBe(priceAt(history, now));
  }
  expect(await prices.at('cpu', now)).toBe(100 + 27);
  expect(PRICE_LEAD_MS).toBe(10_000);
});

it('is read again once in half of the time that prices are set ahead, and for hardware that is new', async () => {
  let reads = 0;
  let now = systemNow();
  const { hosts } = world.store;
  const counted = {
    ...hosts,
    prices: () => {
      reads++;
      return hosts.prices();
    },
  };
  const prices = createPrices({ hosts: counted }, () => now);
  for (let n = 0; n < 20; n++) {
    now += PRICE_LEAD_MS / 10;
    await prices.at('cpu', now);
  }
  expect(reads).toBe(4);
  expect(await prices.at('new', now)).toBeNull();
  expect(reads).toBe(5);
});
