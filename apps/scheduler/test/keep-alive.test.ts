import { type Learned, NO_POOLED_GAPS, NO_USE, seeUse, type UseHistory, withBoot } from '@hearth/core';
import type { DeploymentRow, InstanceRow } from '@hearth/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KEEP_ALIVE_MS, openHouse, type TestHouse } from './house.ts';

const MINUTE_MS = 60_000;
const PERIOD_MS = 10 * MINUTE_MS;

let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
  for (const name of ['ocr', 'other']) house.runtime.define(`/${name}`, { setupMs: 2_000, setup: 'ok' });
});
afterEach(() => house.close());

/** One prediction from first to last. */
async function use(deployment: DeploymentRow, runMs = 1_000): Promise<InstanceRow> {
  const prediction = await house.predict(deployment);
  const ready = await house.inState(deployment, 'ready');
  await house.claim(prediction, ready);
  house.clock.advance(runMs);
  await house.finish(prediction, ready);
  return ready;
}

/** Of a deployment that was used every ten minutes, the last time ten minutes ago. */
function timerHistory(now: number): UseHistory {
  let learned: Learned = { history: withBoot(NO_USE, 3_000), pooled: NO_POOLED_GAPS };
  for (let n = 20; n > 0; n--) {
    const at = now - n * PERIOD_MS;
    learned = seeUse(learned, { unfinished: 1, oldestWaitingAt: at, lastUsedAt: null }, at);
    learned = seeUse(learned, { unfinished: 0, oldestWaitingAt: null, lastUsedAt: null }, at + 1_000);
  }
  return learned.history;
}

it('begins when a long run ends, also where its last use is told a moment after its end', async () => {
  const ocr = await house.deploy('ocr');
  const scheduler = await house.start();
  const prediction = await house.predict(ocr);
  const ready = await house.inState(ocr, 'ready');
  await house.claim(prediction, ready);
  for (let n = 0; n < 20; n++) {
    house.clock.advance(KEEP_ALIVE_MS / 10);
    await scheduler.idle();
  }
  const end = { status: 'succeeded', output: 1, completedAt: house.clock.now() } as const;
  await house.store.predictions.finish(prediction, 1, end, null);
  house.bus.poke('scheduler');
  house.clock.advance(KEEP_ALIVE_MS / 2);
  await scheduler.idle();
  expect((await house.store.instances.get(ready.id))?.state).toBe('ready');
  house.clock.advance(KEEP_ALIVE_MS / 2);
  await house.inState(ocr, 'draining');
});

it('stays until another deployment needs its room', async () => {
  await house.defineHardware('most', 12_000);
  const ocr = await house.deploy('ocr', { hardwareSku: 'most', keepAlive: { kind: 'until-needed' } });
  const other = await house.deploy('other', { hardwareSku: 'most' });
  const scheduler = await house.start();
  const ready = await use(ocr);
  house.clock.advance(6 * 60 * MINUTE_MS);
  await scheduler.idle();
  expect((await house.store.instances.get(ready.id))?.state).toBe('ready');

  await house.predict(other);
  const draining = await house.inState(ocr, 'draining');
  expect(draining.reason).toContain('needs the room');
  await house.closeIntake(draining);
  await house.inState(other, 'ready');
});

it('lets a timer go at once and boots ahead of its next time, across a restart and with nobody waiting', async () => {
  const ocr = await house.deploy('ocr', { keepAlive: { kind: 'auto' } });
  const { store, clock } = house;
  await store.uses.save([{ deploymentId: ocr.id, history: timerHistory(clock.now()), expects: false }], NO_POOLED_GAPS);
  const before = await house.start();
  await use(ocr);
  const idleFrom = clock.now();
  const draining = await house.inState(ocr, 'draining');
  expect(draining.reason).toContain('used by a timer');
  await house.closeIntake(draining);
  await house.inState(ocr, 'stopped');
  await before.close();

  await house.start();
  const isAhead = async () => (await house.instances(ocr)).find(({ state }) => state === 'booting');
  const ahead = await house.until('a boot ahead', isAhead, 500);
  expect(ahead.reason).toContain('the next time is expected in');
  const goneMs = ahead.createdAt - idleFrom;
  expect(goneMs).toBeGreaterThan(PERIOD_MS * 0.85);
  expect(goneMs).toBeLessThan(PERIOD_MS);

  // Nobody came: it is let go, and not waited for again.
  await house.inState(ocr, 'ready');
  const late = await house.until(
    'the end of the wait',
    async () => {
      const rows = await house.instances(ocr);
      return rows.find(({ state }) => state === 'draining');
    },
    1_000,
  );
  expect(late.reason).toBe('It was expected to be used by now, and was not.');
  await house.closeIntake(late);
  await house.inState(ocr, 'stopped');
  await house.until(
    'its row to say so',
    async () => (await store.uses.load()).rows.every(({ expects }) => !expects),
    100,
  );
  expect(house.runtime.booted).toBe(2);
});

it('hands on what it learned: uses, the gaps between them, and what a boot takes', async () => {
  const ocr = await house.deploy('ocr', { keepAlive: { kind: 'auto' } });
  const before = await house.start();
  /** Looks at the world as it is now: a look that runs already may have begun before the last use ended. */
  const look = async () => {
    for (let looks = 0; looks < 2; looks++) {
      house.clock.advance(10_000);
      await before.idle();
    }
  };
  await use(ocr);
  await look();
  await use(ocr);
  await look();
  await before.close();

  const { rows, pooled } = await house.store.uses.load();
  const [row] = rows;
  expect(row?.deploymentId).toBe(ocr.id);
  expect(row?.history.uses.count).toBeCloseTo(2, 1);
  expect(row?.history.gaps.counts.reduce((a, b) => a + b, 0)).toBe(1);
  expect(pooled?.counts.flat().reduce((a, b) => a + b, 0)).toBe(1);
  expect(row?.history.bootMs).toBeGreaterThanOrEqual(2_000);
  expect(row?.history.bootMs).toBeLessThan(3_000);
  expect(row?.history.window?.untilMs).toBeGreaterThan(0);
});
