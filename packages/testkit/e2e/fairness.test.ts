import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Neighbours, openNeighbours } from '../bench/neighbours.ts';
import { type House, startHouse } from '../src/house.ts';

const RUN_MS = 50;
const SINGLES = 15;

let house: House;
let neighbours: Neighbours;
beforeEach(async () => {
  house = await startHouse({ runtime: 'process', env: { LOG_LEVEL: 'warn' } });
  neighbours = await openNeighbours(house, RUN_MS);
}, 240_000);
afterEach(async () => {
  await neighbours?.close();
  await house?.dispose();
});

it("one account's thousand predictions make another's single ones wait for one run, not for a thousand", async () => {
  const alone = await neighbours.single(SINGLES);
  await neighbours.queue(1_000);
  const noisy = await neighbours.single(SINGLES);
  expect(await neighbours.stillWaiting()).toBeGreaterThan(0);
  expect(noisy.p95Ms).toBeLessThanOrEqual(2 * alone.p95Ms + RUN_MS);
}, 240_000);

it('a limit holds an account back, by the command line, over a kill of the dispatcher', async () => {
  expect(await house.hearth('accounts', 'set', 'hearth', '--max-in-flight', '2')).toMatchObject({ code: 0 });
  await neighbours.queue(20);
  await house.kill9('dispatcher');
  const most = { atOnce: 0 };
  for (;;) {
    const { in_flight, waiting, held } = await house.get<{ in_flight: number; waiting: number; held: number }>(
      '/v1/accounts/hearth',
    );
    most.atOnce = Math.max(most.atOnce, in_flight + waiting);
    if (in_flight + waiting + held === 0) break;
    await neighbours.single(1);
  }
  expect(most.atOnce).toBe(2);
  const { results } = await house.get<{ results: { status: string }[] }>('/v1/predictions');
  expect(results.map(({ status }) => status)).toEqual(Array(20).fill('succeeded'));
  expect((await house.hearth('accounts', 'list')).stdout).toMatch(/hearth\s+│?\s*1\s+│?\s*2\s/);
}, 240_000);
