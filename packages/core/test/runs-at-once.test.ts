import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BilledRun, type RunsAtOnce, withRun } from '../src/index.ts';

const run = (startedAt: number, billedUntil: number, completedAt = billedUntil): BilledRun => ({
  startedAt,
  billedUntil,
  completedAt,
});

/** As verification sees the runs of an instance. */
const seen = (runs: readonly BilledRun[], slots: number): RunsAtOnce | undefined =>
  runs
    .toSorted((a, b) => b.completedAt - a.completedAt)
    .reduce<RunsAtOnce | undefined>((before, one) => withRun(before, one, slots), undefined);

/** At every instant at which the number can have risen. */
const counted = (runs: readonly BilledRun[]): number =>
  Math.max(
    0,
    ...runs.map(({ startedAt: at }) => runs.filter((one) => one.startedAt <= at && at < one.billedUntil).length),
  );

test.each([
  ['one after the other', [run(0, 10), run(10, 20), run(20, 30)], 1],
  ['side by side', [run(0, 10), run(5, 15)], 2],
  ['one within a long one', [run(0, 100), run(10, 20), run(30, 40)], 2],
  ['three that meet in pairs only', [run(0, 10), run(8, 20), run(15, 30)], 2],
  ['one that was billed for nothing', [run(0, 10), run(5, 5)], 1],
  ['one that completed long after what is billed', [run(0, 10, 50), run(20, 30), run(35, 45)], 1],
  ['one that completed last and is billed beside the first', [run(0, 30, 90), run(10, 20)], 2],
])('%s', (_name, runs, most) => {
  expect(seen(runs, 0)?.most).toBe(most);
});

const runs = fc.array(
  fc
    .record({ startedAt: fc.nat(300), lastsMs: fc.nat(30), lateMs: fc.nat(20) })
    .map(({ startedAt, lastsMs, lateMs }) => run(startedAt, startedAt + lastsMs, startedAt + lastsMs + lateMs)),
  { maxLength: 40 },
);

test('as many as counting at every start says, wherever that is more than there are slots', () => {
  fc.assert(
    fc.property(runs, fc.integer({ min: 1, max: 4 }), (all, slots) => {
      const found = seen(all, slots)?.most ?? 0;
      expect(Math.max(found, slots)).toBe(Math.max(counted(all), slots));
    }),
    { numRuns: 500 },
  );
});

test('keeps none of a thousand runs but those that another may still be beside', () => {
  const all = Array.from({ length: 1_000 }, (_, n) => run(n * 10, n * 10 + 8, n * 10 + 9));
  expect(seen(all, 1)).toEqual({ open: [all[0]], most: 1 });
});
