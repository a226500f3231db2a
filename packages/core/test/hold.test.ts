import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type BudgetBound,
  billedWithin,
  costMicros,
  endingMs,
  expectedRunMs,
  holdFor,
  holdStep,
  nextHold,
  type RunLimits,
  runnableMs,
  type UsageRecord,
} from '../src/index.ts';

const LIMITS: RunLimits = { timeoutMs: 1_800_000, cancelGraceMs: 10_000 };
const MARGIN_MS = 12_000;
const BOUND: BudgetBound = {
  account: 'ada',
  token: null,
  what: 'day',
  limit: 1_000_000,
  spent: 900_000,
  held: 100_000,
  needed: 50_000,
};
const limits = fc.record({
  timeoutMs: fc.integer({ min: 1, max: 86_400_000 }),
  cancelGraceMs: fc.integer({ min: 0, max: 60_000 }),
});
const price = fc.integer({ min: 1, max: 100_000_000 });
const runMs = fc.integer({ min: 1, max: 86_400_000 });

describe('how long a run is expected to take', () => {
  it.each([
    { name: 'what the operator expects, of a new one', runs: [], want: 60_000 },
    { name: 'what the operator expects, after a few', runs: [100, 200, 300, 400], want: 60_000 },
    { name: 'the ninth of ten', runs: [9, 1, 3, 2, 5, 4, 7, 6, 8, 10].map((s) => s * 1_000), want: 9_000 },
    { name: 'the slowest of five', runs: [1_000, 5_000, 2_000, 3_000, 4_000], want: 5_000 },
    { name: 'a second, of the fastest', runs: [1, 2, 3, 4, 5], want: 1_000 },
    { name: 'no longer than a run may take', runs: Array.from({ length: 9 }, () => 9_000_000), want: 1_800_000 },
  ])('$name', ({ runs, want }) => {
    expect(expectedRunMs(runs, { otherwiseMs: 60_000, timeoutMs: LIMITS.timeoutMs })).toBe(want);
  });

  it('is a time that nine of ten runs did not exceed, and one of them did take', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1_000, max: 100_000 }), { minLength: 5 }), (runs) => {
        const expected = expectedRunMs(runs, { otherwiseMs: 1, timeoutMs: 100_000 });
        expect(runs).toContain(expected);
        expect(runs.filter((ms) => ms <= expected).length).toBeGreaterThanOrEqual(runs.length * 0.9);
      }),
    );
  });
});

describe('a hold', () => {
  it('is the price of the run and of the time that it takes to end it', () => {
    expect(endingMs(LIMITS)).toBe(MARGIN_MS);
    expect(holdFor(60_000, 1_000, LIMITS)).toBe(72_000);
    expect(holdFor(9_999_999, 1_000, LIMITS)).toBe(1_812_000);
    expect(holdFor(60_000, 0, LIMITS)).toBe(0);
  });

  it('lets the run go on for all of its time, and covers what it costs if it is stopped then and does not obey', () => {
    fc.assert(
      fc.property(runMs, price, limits, (ms, micros, of) => {
        const hold = holdFor(ms, micros, of);
        const runnable = runnableMs(hold, micros, of);
        expect(runnable).toBeGreaterThanOrEqual(Math.min(ms, of.timeoutMs) - 1e-3);
        const longestUs = Math.floor((runnable + endingMs(of)) * 1_000);
        expect(costMicros(longestUs, micros)).toBeLessThanOrEqual(hold + 1);
        expect(costMicros((Math.min(ms, of.timeoutMs) + endingMs(of)) * 1_000, micros)).toBeLessThanOrEqual(hold);
      }),
    );
  });

  it('is extended before it runs out, in steps that are few, until it covers all that a run may take', () => {
    fc.assert(
      fc.property(runMs, price, limits, (ms, micros, of) => {
        let runnable = runnableMs(holdFor(ms, micros, of), micros, of);
        let steps = 0;
        for (let elapsed = 0; ; steps++) {
          const step = holdStep({ elapsedMs: elapsed, runnable, answer: 'granted' }, of);
          if (step.do === 'nothing') break;
          expect(step.do).toBe('extend');
          elapsed += step.inMs;
          expect(elapsed).toBeLessThan(runnable);
          const longer = runnableMs(nextHold(runnable, micros, of), micros, of);
          expect(longer).toBeGreaterThan(runnable);
          runnable = longer;
        }
        expect(runnable).toBeGreaterThanOrEqual(of.timeoutMs);
        expect(steps).toBeLessThanOrEqual(40);
      }),
    );
  });

  it('is asked for before anything is stopped, however long nobody was there', () => {
    const late = { elapsedMs: 60_000, runnable: 1_000 };
    expect(holdStep({ ...late, answer: 'granted' }, LIMITS)).toEqual({ do: 'extend', inMs: 0 });
    expect(holdStep({ ...late, answer: BOUND }, LIMITS)).toEqual({ do: 'stop', inMs: 0, bound: BOUND });
  });

  it('is asked for again for as long as the store does not answer, because only a limit ends a run', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 0 }), (runnable, elapsedMs) => {
        const step = holdStep(
          { elapsedMs, runnable, answer: 'unanswered' },
          { ...LIMITS, timeoutMs: Number.MAX_SAFE_INTEGER },
        );
        if (step.do !== 'extend') throw new Error(`it says ${step.do}`);
        expect(step.inMs).toBeGreaterThan(0);
      }),
    );
  });

  it('that is refused ends in a stop, no later than it runs out', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10_000_000 }),
        fc.integer({ min: 0, max: 20_000_000 }),
        (runnable, late) => {
          let elapsed = late;
          for (let tries = 0; tries < 60; tries++) {
            const step = holdStep(
              { elapsedMs: elapsed, runnable, answer: BOUND },
              { ...LIMITS, timeoutMs: Number.MAX_SAFE_INTEGER },
            );
            if (step.do === 'nothing') throw new Error('it does not cover the run');
            elapsed += step.inMs;
            expect(elapsed).toBeLessThanOrEqual(Math.max(late, runnable));
            if (step.do === 'stop') return;
          }
          throw new Error('it is asked for more for ever');
        },
      ),
    );
  });
});

describe('a bill within its hold', () => {
  const usage = (predictMicroseconds: number, priceMicrosPerSecond: number): UsageRecord => ({
    id: 'p',
    predictionId: 'p',
    attempt: 1,
    accountId: 'a',
    model: 'o/n',
    versionId: 'v',
    deploymentId: 'd',
    hardwareSku: 'cpu',
    predictMicroseconds,
    priceMicrosPerSecond,
    costMicros: costMicros(predictMicroseconds, priceMicrosPerSecond),
    status: 'failed',
    at: 0,
  });

  it('is the bill, or the longest time that the hold pays for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 10 ** 11 }),
        price,
        fc.integer({ min: 0, max: 10 ** 12 }),
        (us, micros, hold) => {
          const full = usage(us, micros);
          const billed = billedWithin(full, hold);
          expect(billed.costMicros).toBe(costMicros(billed.predictMicroseconds, micros));
          expect(billed.costMicros).toBeLessThanOrEqual(hold);
          if (full.costMicros <= hold) {
            expect(billed).toEqual(full);
            return;
          }
          expect(billed.predictMicroseconds).toBeLessThanOrEqual(us);
          expect(costMicros(billed.predictMicroseconds + 1_000_000, micros)).toBeGreaterThanOrEqual(hold);
        },
      ),
    );
  });
});
