import { newId, systemNow } from '@hearth/kit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorld, eventually, PRICE_MICROS, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const HOUR_MS = 3_600_000;

/** What a prediction says that it cost, and what its usage record bills; null where there is none. */
async function bothOf(id: string): Promise<{ cost: unknown; billedMicros: number | null }> {
  const { metrics } = await world.get(id);
  const records = await world.store.usage.list({ limit: 100 });
  return { cost: metrics?.cost, billedMicros: records.find((one) => one.predictionId === id)?.costMicros ?? null };
}

// Odd prices show where one of the two is rounded and the other is not.
it.each([0, 1, 1_525, PRICE_MICROS, 987_654_321])(
  'at %i micros per second a run costs what its usage record bills, whatever its container says',
  async (priceMicrosPerSecond) => {
    const cpu = (await world.store.hosts.hardware()).find(({ sku }) => sku === 'cpu');
    if (!cpu) throw new Error('no hardware');
    await world.store.hosts.putHardware({ ...cpu, priceMicrosPerSecond }, { from: 0 });
    await world.dispatch();
    const { model } = await world.stage();
    const ends = [
      { status: 'succeeded', output: 'done', metrics: { predict_time: 0.000_123, cost: 99 } },
      { status: 'succeeded', output: 'done' },
      { status: 'failed', error: 'boom' },
    ];
    for (const end of ends) {
      const id = await world.predict();
      const call = await model.next();
      await call.report(end);
      const { cost, billedMicros } = await bothOf(id);
      expect(billedMicros).not.toBeNull();
      expect((await world.store.usage.list({ limit: 1 }))[0]).toMatchObject({ priceMicrosPerSecond });
      expect(cost).toBe((billedMicros ?? 0) / 1_000_000);
    }
  },
);

it('a run that is canceled costs what ran; one that never ran costs nothing', async () => {
  await world.dispatch();
  const { model } = await world.stage();
  const ran = await world.predict();
  const call = await model.next();
  const waited = await world.predict();
  const late = await world.predict({}, { createdAt: systemNow() - 10_000, deadlineAt: systemNow() - 5_000 });
  await world.cancel(waited);
  await world.ended(waited);
  await world.ended(late);
  await world.cancel(ran);
  await eventually(() => expect(model.canceled).toContain(`${ran}-1`));
  await call.report({ status: 'canceled' });
  expect((await world.ended(ran)).status).toBe('canceled');

  const { cost, billedMicros } = await bothOf(ran);
  expect(billedMicros).toBeGreaterThan(0);
  expect(cost).toBe((billedMicros ?? 0) / 1_000_000);
  expect((await world.get(waited)).status).toBe('canceled');
  expect((await world.get(late)).status).toBe('aborted');
  for (const id of [waited, late]) expect(await bothOf(id)).toEqual({ cost: 0, billedMicros: null });
});

it('the sweep forgets the idempotency keys of predictions that are a day old', async () => {
  const at = systemNow();
  const row = await world.get(await world.insert());
  const keyed = (key: string, createdAt: number) =>
    world.store.predictions.insertOnce({ ...row, id: newId(createdAt), createdAt }, { key, requestHash: 'h' });
  await keyed('old', at - 24 * HOUR_MS - 60_000);
  await keyed('young', at - 23 * HOUR_MS);
  await world.dispatch();
  await eventually(async () => expect((await keyed('old', at)).made).toBe(true));
  expect((await keyed('young', at)).made).toBe(false);
});
