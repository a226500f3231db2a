import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectDatabase } from '../src/index.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.close());

test('a database tells what it is, and how far its clock is from ours', async () => {
  const facts = await inspectDatabase(world.url, systemNow);
  expect(facts).toMatchObject({ major: 18, maxConnections: 200, schema: facts.newestSchema });
  expect(Math.abs(facts.clockAheadMs)).toBeLessThan(1_000);
  const slow = await inspectDatabase(world.url, () => systemNow() - 3_600_000);
  expect(slow.clockAheadMs / 3_600_000).toBeCloseTo(1, 2);
});

test('one that does not answer is an error', async () => {
  await expect(inspectDatabase('postgres://127.0.0.1:1/none', systemNow)).rejects.toThrow('ECONNREFUSED');
});
