import { systemNow } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, eventually, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld();
});
afterEach(() => world.close());

const bills = () => world.store.usage.list({ limit: 9 });

describe('a run that does not stop, on an instance that had failed before it was given up', () => {
  /** The dispatcher gives it up, cannot store that, and has not heard of the failure, which was before the cancel. */
  async function givenUp(kind: 'crash' | 'lost') {
    await world.dispatch({ cancelGraceMs: 20 });
    const { model, instance } = await world.stage();
    const askedAt = systemNow();
    const id = await world.predict();
    await (await model.next()).report({ status: 'processing' });
    const failedAt = systemNow();
    const broken = await world.breakWrites('insert on usage_records');
    await eventually(() => expect(systemNow()).toBeGreaterThan(failedAt));
    await world.cancel(id);
    await broken.refused();
    await world.fail(instance, { kind }, failedAt);
    await broken.mend();
    return { askedAt, failedAt, row: await world.ended(id) };
  }

  it('is billed until the failure where that was a crash, and ends by it', async () => {
    const { row, askedAt, failedAt } = await givenUp('crash');
    expect(row).toMatchObject({ status: 'failed', completedAt: failedAt });
    expect(row.error).toMatch(/^The model crashed while it ran/);
    const [bill] = await bills();
    expect(bill).toMatchObject({ status: 'failed', at: failedAt });
    expect(bill?.predictMicroseconds).toBeLessThanOrEqual((failedAt - askedAt) * 1_000);
  });

  it('was lost where its instance was: canceled all the same, and free', async () => {
    const { row } = await givenUp('lost');
    expect(row).toMatchObject({ status: 'canceled', lostAttempts: 1 });
    expect(await bills()).toEqual([]);
  });
});

it('a run that does not stop is billed until the end of its grace, however late the dispatcher is there to end it', async () => {
  const STOOD_STILL_MS = 3_600_000;
  let stoodStillMs = 0;
  const now = () => systemNow() + stoodStillMs;
  await world.dispatch({ cancelGraceMs: 500 }, undefined, now);
  const { model } = await world.stage();
  const id = await world.predict();
  await (await model.next()).report({ status: 'processing' });
  await world.cancel(id);
  await eventually(() => expect(model.canceled).toHaveLength(1));
  stoodStillMs = STOOD_STILL_MS;
  expect(await world.ended(id)).toMatchObject({ status: 'canceled' });
  const [bill] = await bills();
  expect(bill?.predictMicroseconds).toBeLessThan((STOOD_STILL_MS * 1_000) / 2);
});
