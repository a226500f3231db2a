import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Claimant, fairestFirst, WAIT_PER_SHARE_MS, type Waiter } from '../src/index.ts';

const NOW = 10_000_000;
const waiter = (accountId: string, inFlight: number, weight = 1): Waiter => ({ accountId, weight, inFlight });
const claimant = (id: string, waitedMs: number | null, ...waiters: Waiter[]): Claimant => ({
  deployment: { id },
  demand: { waiters, oldestWaitingAt: waitedMs === null ? null : NOW - waitedMs },
});
const order = (...claimants: Claimant[]) => fairestFirst(claimants, NOW).map(({ deployment }) => deployment.id);

describe('who boots first', () => {
  it('is who has waited longest, among the deployments of one account', () => {
    expect(order(claimant('x', 100, waiter('a', 3)), claimant('y', 200, waiter('a', 3)))).toEqual(['y', 'x']);
  });

  it('is who has nothing running, though another has waited a little longer', () => {
    expect(order(claimant('x', 5_000, waiter('a', 4)), claimant('y', 100, waiter('b', 0)))).toEqual(['y', 'x']);
  });

  it('goes by weight', () => {
    expect(order(claimant('x', 100, waiter('a', 4, 10)), claimant('y', 200, waiter('b', 1)))).toEqual(['x', 'y']);
  });

  it('goes by the least served of those who wait', () => {
    const shared = claimant('x', 100, waiter('a', 4), waiter('b', 0));
    expect(order(claimant('y', 200, waiter('a', 4)), shared)).toEqual(['x', 'y']);
  });

  it('is in the end who has waited long, whoever else comes', () => {
    const patient = claimant('x', 4 * WAIT_PER_SHARE_MS + 1, waiter('a', 4));
    expect(order(claimant('y', 0, waiter('b', 0)), patient)).toEqual(['x', 'y']);
  });

  it('is nobody before those for whom somebody waits', () => {
    expect(order(claimant('x', null), claimant('y', 0, waiter('a', 50)))).toEqual(['y', 'x']);
  });

  it('is the same, whatever the order of the rows', () => {
    const claimants = fc.uniqueArray(
      fc.record({
        deployment: fc.record({ id: fc.string() }),
        demand: fc.record({
          oldestWaitingAt: fc.option(fc.integer({ min: NOW - 10 ** 6, max: NOW })),
          waiters: fc.array(
            fc.record({
              accountId: fc.string(),
              weight: fc.double({ min: 0.1, max: 100, noNaN: true }),
              inFlight: fc.nat(50),
            }),
            { maxLength: 3 },
          ),
        }),
      }),
      { selector: ({ deployment }) => deployment.id },
    );
    fc.assert(
      fc.property(claimants, (given) => {
        expect(order(...given.toReversed())).toEqual(order(...given));
      }),
    );
  });
});
