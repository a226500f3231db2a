import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { evictionFor, freeGiven, type Instance, longestIdleFirst, placeOn } from '../src/index.ts';
import { device, host, instance, need } from './build.ts';

/** One host, filled by instances that may all be asked. */
const cases = fc
  .record({
    memoryMiB: fc.constantFrom(8, 12, 16),
    gpus: fc.array(fc.constantFrom(16, 24), { maxLength: 4 }),
    held: fc.array(fc.record({ memoryMiB: fc.integer({ min: 1, max: 6 }), gpus: fc.nat(2), idle: fc.nat(4) }), {
      maxLength: 7,
    }),
    need: fc.record({ memoryMiB: fc.integer({ min: 1, max: 16 }), gpus: fc.nat(3), vramMiB: fc.constantFrom(16, 24) }),
  })
  .map((row) => {
    const on = host({ memoryMiB: row.memoryMiB, devices: row.gpus.map((vramMiB, n) => device(`g${n}`, vramMiB)) });
    const held: Instance[] = [];
    for (const [n, { memoryMiB, gpus, idle }] of row.held.entries()) {
      const free = freeGiven(held)(on);
      if (free.memoryMiB < memoryMiB || free.devices.length < gpus) continue;
      const deviceIds = free.devices.slice(0, gpus).map((d) => d.id);
      held.push(instance({ id: `i${n}`, memoryMiB, deviceIds, lastUsedAt: idle }));
    }
    return { on, held, need: need(row.need) };
  });

const subsets = (of: readonly Instance[]): Instance[][] =>
  of.reduce<Instance[][]>((all, i) => [...all, ...all.map((set) => [...set, i])], [[]]);

/** Places in the order given: of two sets of one size the lower row is the one that may go first. */
const placesIn =
  (order: readonly Instance[]) =>
  (set: readonly Instance[]): string =>
    set
      .map((i) => order.indexOf(i))
      .toSorted((a, b) => a - b)
      .join(' ');

it('takes the fewest, then the first in the order given, of every set that would do', () => {
  fc.assert(
    fc.property(cases, ({ on, held, need }) => {
      const enough = subsets(held).filter(
        (set) => placeOn([on], freeGiven(held.filter((i) => !set.includes(i))), need) !== null,
      );
      const order = held.toSorted(longestIdleFirst);
      const places = placesIn(order);
      const eviction = evictionFor(need, [on], freeGiven(held), order);
      if (enough.length === 0) {
        expect(eviction).toBeNull();
        return;
      }
      const fewest = Math.min(...enough.map((set) => set.length));
      const [first] = enough
        .filter((set) => set.length === fewest)
        .map(places)
        .toSorted();
      expect(eviction?.victims.length).toBe(fewest);
      expect(places(eviction?.victims ?? [])).toBe(first);
      const left = freeGiven(held.filter((i) => !eviction?.victims.includes(i)));
      expect(eviction?.placement).toEqual(placeOn([on], left, need));
    }),
    { numRuns: 500 },
  );
});
