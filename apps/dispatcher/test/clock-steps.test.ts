import { systemNow } from '@hearth/kit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const HOUR_MS = 3_600_000;

/** What is billed of a run of 2 s that says it took so long, when the clock is set by so much meanwhile. */
async function billedSeconds(stepMs: number, saidSeconds: number): Promise<number> {
  let offsetMs = 0;
  let elapsedMs = 0;
  const now = () => systemNow() + offsetMs;
  await world.dispatch({}, undefined, now, () => elapsedMs);
  const { model } = await world.stage();
  const id = await world.predict();
  const call = await model.next();
  offsetMs = stepMs;
  elapsedMs = 2_000;
  await call.insist({ status: 'succeeded', output: 'done', metrics: { predict_time: saidSeconds } });
  expect(await world.ended(id)).toMatchObject({ status: 'succeeded' });
  const [record] = await world.store.usage.list({ limit: 1 });
  expect(record?.predictionId).toBe(id);
  return (record?.predictMicroseconds ?? 0) / 1_000_000;
}

it('a run is billed in full when the clock is set back by an hour during it', async () => {
  expect(await billedSeconds(-HOUR_MS, 1.5)).toBe(1.5);
});

it('a run cannot bill more than it took when the clock is set forward by an hour during it', async () => {
  expect(await billedSeconds(HOUR_MS, 30)).toBeLessThan(3);
});

it('a run that does not heed its cancel is ended by a clock that counts fractions of a millisecond', async () => {
  await world.dispatch({ cancelGraceMs: 50 }, undefined, systemNow, () => performance.now());
  const { model } = await world.stage();
  const id = await world.predict();
  await (await model.next()).report({ status: 'processing' });
  await world.cancel(id);
  expect(await world.ended(id)).toMatchObject({ status: 'canceled' });
});
