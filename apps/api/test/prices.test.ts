import type { WireHardware, WireHardwarePrice } from '@hearth/contract';
import { PRICE_LEAD_MS } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type House, type Problem, startHouse } from './harness.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

const HOUR_MS = 3_600_000;

describe('prices', () => {
  const put = (over: object) =>
    house.ask<WireHardware & Problem>('POST', '/v1/hardware', {
      sku: 'dated',
      name: 'Dated',
      gpus: 0,
      memory_mib: 64,
      price_micros_per_second: 10,
      ...over,
    });
  const prices = async () => (await house.ask<WireHardwarePrice[]>('GET', '/v1/hardware/dated/prices')).body;

  it('have a history, with a price to come in it', async () => {
    expect((await put({})).body).toMatchObject({ price_micros_per_second: 10 });
    expect((await put({ price_micros_per_second: 20 })).body).toMatchObject({ price_micros_per_second: 20 });
    const price_from = new Date(systemNow() + HOUR_MS).toISOString();
    const planned = await put({ price_micros_per_second: 30, price_from });
    expect(planned.body).toMatchObject({ price_micros_per_second: 20 });
    expect(await prices()).toMatchObject([
      { price_micros_per_second: 30, from: price_from, set_by: 'hearth' },
      { price_micros_per_second: 20, set_by: 'hearth' },
      { price_micros_per_second: 10, from: '1970-01-01T00:00:00.000Z' },
    ]);
    await put({ name: 'Renamed', price_micros_per_second: 20 });
    expect(await prices()).toHaveLength(3);
  });

  it('come before the runs that they are for, and after a first one', async () => {
    await put({});
    const soon = new Date(systemNow() + PRICE_LEAD_MS / 2).toISOString();
    expect(await put({ price_micros_per_second: 40, price_from: soon })).toMatchObject({
      status: 422,
      body: { invalid_fields: [{ field: 'price_from' }] },
    });
    const later = new Date(systemNow() + HOUR_MS).toISOString();
    expect(await put({ sku: 'undated', price_from: later })).toMatchObject({
      status: 422,
      body: { invalid_fields: [{ field: 'price_from' }] },
    });
  });

  it('of hardware that never was are not found', async () => {
    expect((await house.ask('GET', '/v1/hardware/never/prices')).status).toBe(404);
  });
});
