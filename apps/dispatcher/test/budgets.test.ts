import { systemNow } from '@hearth/kit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createWorld, eventually, PRICE_MICROS, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const GRACE_MS = 100;
/** A second to run, and what it takes to end a run: the grace period and two seconds. */
const HOLD_MICROS = 3.1 * PRICE_MICROS;

const limit = (dayMicros: number, now = systemNow()) =>
  world.store.budgets.set({ accountId: world.accountId, tokenId: null }, { dayMicros }, now);
const budget = async (now = systemNow()) => {
  const row = await world.store.budgets.get(world.accountId, now);
  if (row === null) throw new Error('no budget');
  return row;
};
const billed = async (id: string): Promise<number> => {
  const records = await world.store.usage.list({ limit: 10 });
  return records.find((one) => one.predictionId === id)?.costMicros ?? 0;
};

it('a run that outlasts what its budget has left is stopped in time and billed for what ran', async () => {
  await limit(HOLD_MICROS + 100);
  await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model } = await world.stage();
  const id = await world.predict({}, { holdMicros: HOLD_MICROS });
  const call = await model.next();
  await eventually(() => expect(model.canceled).toContain(`${id}-1`));
  await call.report({ status: 'canceled' });

  const row = await world.ended(id);
  expect(row).toMatchObject({ status: 'failed' });
  expect(row.error).toMatch(/^budget-exceeded: Account ada may spend 3\.1001 a day: 0 is spent, 3\.1\d* is held/);
  const cost = await billed(id);
  expect(cost).toBeGreaterThan(0);
  expect(cost).toBeLessThanOrEqual(row.holdMicros);
  expect(await budget()).toMatchObject({ heldMicros: 0, inFlight: 0, daySpentMicros: cost, monthSpentMicros: cost });
});

it('one that does not obey is billed until it is given up, which its hold covers too', async () => {
  await limit(HOLD_MICROS);
  await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model, instance } = await world.stage();
  const id = await world.predict({}, { holdMicros: HOLD_MICROS });
  await model.next();
  const row = await world.ended(id);
  expect(row.error).toMatch(/^budget-exceeded: /);
  expect(model.canceled).toContain(`${id}-1`);
  expect(await billed(id)).toBeLessThanOrEqual(HOLD_MICROS);
  await eventually(async () => {
    const seen = (await world.store.instances.observe()).instances.find(({ id: of }) => of === instance.id);
    expect(seen?.unhealthy).toMatch(/did not stop/);
  });
});

it('a run on a budget with room gets more before its hold is used up', async () => {
  await limit(100 * PRICE_MICROS);
  await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model } = await world.stage();
  const id = await world.predict({}, { holdMicros: HOLD_MICROS });
  const call = await model.next();
  await eventually(async () => expect((await world.get(id)).holdMicros).toBeGreaterThan(HOLD_MICROS));
  const { holdMicros } = await world.get(id);
  expect(await budget()).toMatchObject({ heldMicros: holdMicros, inFlight: 1 });
  await call.report({ status: 'succeeded', output: 'done' });
  expect(await world.ended(id)).toMatchObject({ status: 'succeeded' });
  expect(await budget()).toMatchObject({ heldMicros: 0, daySpentMicros: await billed(id) });
});

it('nothing is sent to an instance that its hold does not reach', async () => {
  await limit(HOLD_MICROS);
  await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model } = await world.stage();
  // As when it comes to dearer hardware than it was made for: nothing is left beside what it takes to end it.
  const other = await world.insert({}, { holdMicros: HOLD_MICROS - 1 });
  const id = await world.predict({}, { holdMicros: 1 });
  const ended = await world.ended(id);
  expect(ended).toMatchObject({ status: 'failed' });
  expect(ended.error).toMatch(/^budget-exceeded: /);
  expect(model.calls).toEqual([]);
  expect(await billed(id)).toBe(0);
  await world.cancel(other);
  await world.ended(other);
  expect(await budget()).toMatchObject({ heldMicros: 0, daySpentMicros: 0 });
});

it('what ran on while no dispatcher was there is billed as far as the budget goes', async () => {
  const limitMicros = 2 * HOLD_MICROS;
  await limit(limitMicros);
  const first = await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model } = await world.stage();
  const id = await world.predict({}, { holdMicros: HOLD_MICROS });
  const call = await model.next();
  await first.close();
  // A minute later, which costs ten times the budget.
  await world.dispatch({ cancelGraceMs: GRACE_MS }, first.callbackUrl, () => systemNow() + 60_000);
  await call.insist({ status: 'succeeded', output: 'done', metrics: { predict_time: 50 } });
  await world.ended(id);
  expect(await billed(id)).toBe(limitMicros);
  expect(await budget()).toMatchObject({ heldMicros: 0, daySpentMicros: limitMicros });
});

it.each([
  ['as far as the budget goes, where there is one', 2 * HOLD_MICROS, 2 * HOLD_MICROS],
  ['whole, where there is none', null, 50 * PRICE_MICROS],
])('a run whose claim and hold the store forgot is billed %s', async (_what, limitMicros, expected) => {
  if (limitMicros !== null) await limit(limitMicros);
  let passedMs = 0;
  await world.dispatch({ cancelGraceMs: GRACE_MS }, 'http://127.0.0.1:0', () => systemNow() + passedMs);
  const { model } = await world.stage();
  const id = await world.predict({}, { holdMicros: HOLD_MICROS });
  const call = await model.next();
  await world.query(
    `update predictions set status = 'starting', attempt = 0, instance_id = null, started_at = null where id = $1`,
    [id],
  );
  passedMs = 60_000;
  await call.report({ status: 'succeeded', output: 'done', metrics: { predict_time: 50 } });
  await world.ended(id);
  expect(await billed(id)).toBe(expected);
});

it('what ran on while no dispatcher was there goes on where nothing is in the way', async () => {
  const first = await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model } = await world.stage();
  const id = await world.predict({}, { holdMicros: HOLD_MICROS });
  const call = await model.next();
  await first.close();
  const later = () => systemNow() + 60_000;
  await world.dispatch({ cancelGraceMs: GRACE_MS, predictionTimeoutMs: 1e9 }, first.callbackUrl, later);
  await eventually(async () => expect((await world.get(id)).holdMicros).toBeGreaterThan(60 * PRICE_MICROS));
  await call.insist({ status: 'succeeded', output: 'done', metrics: { predict_time: 50 } });
  expect((await world.ended(id)).status).toBe('succeeded');
  expect(model.canceled).toEqual([]);
  expect(await billed(id)).toBe(50 * PRICE_MICROS);
});

it('a run goes on while the store does not answer, and is stopped once it says that nothing is left', async () => {
  await limit(HOLD_MICROS);
  await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model } = await world.stage();
  const id = await world.insert({}, { holdMicros: HOLD_MICROS });
  const holds = await world.breakWrites('update of hold_micros on predictions');
  await world.transport.queues.enqueue(world.deployment.id, { predictionId: id, attempt: 0 });
  await model.next();
  // The second time is after the second that it may run.
  await holds.refused(2);
  expect(await world.get(id)).toMatchObject({ status: 'processing' });
  expect(model.canceled).toEqual([]);

  await holds.mend();
  expect((await world.ended(id)).error).toMatch(/^budget-exceeded: Account ada may spend/);
  expect(model.canceled).toContain(`${id}-1`);
  expect(await billed(id)).toBeLessThanOrEqual(HOLD_MICROS);
});

it('a lost attempt keeps its hold for the next one', async () => {
  await limit(HOLD_MICROS);
  await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model, instance } = await world.stage();
  const id = await world.predict({}, { holdMicros: HOLD_MICROS });
  await model.next();
  await world.fail(instance, { kind: 'lost' });
  await eventually(async () => expect(await world.get(id)).toMatchObject({ status: 'starting', lostAttempts: 1 }));
  expect(await budget()).toMatchObject({ heldMicros: HOLD_MICROS, inFlight: 1 });
  await world.cancel(id);
  await world.ended(id);
  expect(await budget()).toMatchObject({ heldMicros: 0, inFlight: 0, daySpentMicros: 0 });
});

it('who has no budget is never stopped for money', async () => {
  await world.dispatch({ cancelGraceMs: GRACE_MS });
  const { model } = await world.stage();
  const id = await world.predict({}, { holdMicros: 0 });
  const call = await model.next();
  await eventually(async () => expect((await world.get(id)).holdMicros).toBeGreaterThan(HOLD_MICROS));
  await call.report({ status: 'succeeded', output: 'done' });
  const row = await world.ended(id);
  expect(row.status).toBe('succeeded');
  expect(await billed(id)).toBeLessThanOrEqual(row.holdMicros);
});
