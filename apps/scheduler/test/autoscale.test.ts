import { usageRecord } from '@hearth/core';
import type { DeploymentRow, InstanceRow } from '@hearth/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openHouse, type TestHouse } from './house.ts';

const BOOT_MS = 4_000;
const KEEP_ALIVE_MS = 5_000;

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
  house.runtime.define('/ocr', { setupMs: BOOT_MS, setup: 'ok' });
});
afterEach(() => house.close());

/** As the dispatcher does: a run of `runMs`, billed. */
async function run(of: DeploymentRow, on: InstanceRow, runMs: number): Promise<void> {
  const { store, clock } = house;
  const id = await house.predict(of);
  await house.claim(id, on);
  clock.advance(runMs);
  const bill = usageRecord({
    predictionId: id,
    attempt: 1,
    accountId: 'ada',
    model: of.model,
    versionId: of.versionId,
    deploymentId: of.id,
    hardwareSku: of.hardwareSku,
    status: 'succeeded',
    startedAt: clock.now() - runMs,
    times: {
      reportedPredictSeconds: runMs / 1_000,
      reportedStartedAt: null,
      reportedCompletedAt: null,
      elapsedMs: runMs,
    },
    priceMicrosPerSecond: 1,
    at: clock.now(),
  });
  await store.predictions.finish(id, 1, { status: 'succeeded', output: 1, completedAt: clock.now() }, bill);
  await store.consumers.used([{ instanceId: on.id, lastUsedAt: clock.now(), taken: [] }]);
  house.bus.poke('scheduler');
}

it('boots one instance for a queue of short runs once they are measured, and more for a long queue', async () => {
  const ocr = await house.deploy('ocr', { keepAlive: { kind: 'fixed', ms: 60_000 } });
  const scheduler = await house.start();
  const first = await house.predict(ocr);
  const ready = await house.inState(ocr, 'ready');
  await house.claim(first, ready);
  await house.finish(first, ready);
  for (let n = 0; n < 3; n++) await run(ocr, ready, 1_000);
  // So that the measures are looked up anew.
  house.clock.advance(10_000);
  await scheduler.idle();

  // A slot starts four runs of a second while another instance would boot: one in flight and three in the queue wait for it.
  const held = await house.predict(ocr);
  await house.claim(held, ready);
  for (let n = 0; n < 3; n++) await house.predict(ocr);
  for (let n = 0; n < 20; n++) {
    house.clock.advance(50);
    await scheduler.idle();
  }
  expect(house.runtime.booted).toBe(1);

  for (let n = 0; n < 3; n++) await house.predict(ocr);
  await house.until('a second boot', async () => (await house.instances(ocr)).length === 2);
});

it('scales nothing in after a restart until it has looked on for a minute', async () => {
  const ocr = await house.deploy('ocr', { keepAlive: { kind: 'fixed', ms: KEEP_ALIVE_MS } });
  const before = await house.start();
  const first = await house.predict(ocr);
  const ready = await house.inState(ocr, 'ready');
  await house.claim(first, ready);
  await house.finish(first, ready);
  await before.close();

  house.clock.advance(KEEP_ALIVE_MS * 2);
  await house.start();
  const startedAt = house.clock.now();
  const isDraining = async () => (await house.instances(ocr)).find(({ state }) => state === 'draining');
  const draining = await house.until('the scale-in', isDraining, 500);
  expect(draining.since - startedAt).toBeGreaterThanOrEqual(60_000);
  expect(draining.since - startedAt).toBeLessThan(70_000);
});
