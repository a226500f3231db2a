import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { billedMicroseconds, costMicros, type EndedRun, type RunTimes, usageRecord } from '../src/index.ts';

const times = (over: Partial<RunTimes> = {}): RunTimes => ({
  reportedPredictSeconds: null,
  reportedStartedAt: null,
  reportedCompletedAt: null,
  elapsedMs: 5_000,
  ...over,
});

describe('billedMicroseconds', () => {
  it.each([
    { name: 'nothing reported: our elapsed time', over: {}, want: 5_000_000 },
    { name: 'the predict time of the container', over: { reportedPredictSeconds: 4.25 }, want: 4_250_000 },
    { name: 'a predict time of 0 is a word too', over: { reportedPredictSeconds: 0 }, want: 0 },
    { name: 'a predict time equal to elapsed', over: { reportedPredictSeconds: 5 }, want: 5_000_000 },
    {
      name: 'a microsecond above elapsed is not believed',
      over: { reportedPredictSeconds: 5.000001 },
      want: 5_000_000,
    },
    { name: 'negative is not believed', over: { reportedPredictSeconds: -0.1 }, want: 5_000_000 },
    { name: 'not a number is not believed', over: { reportedPredictSeconds: Number.NaN }, want: 5_000_000 },
    { name: 'infinite is not believed', over: { reportedPredictSeconds: Number.POSITIVE_INFINITY }, want: 5_000_000 },
    { name: 'completed − started', over: { reportedStartedAt: 1_000, reportedCompletedAt: 3_000.5 }, want: 2_000_500 },
    {
      name: 'completed − started, after a predict time that is not believed',
      over: { reportedPredictSeconds: 9, reportedStartedAt: 1_000, reportedCompletedAt: 3_000 },
      want: 2_000_000,
    },
    {
      name: 'the predict time goes before completed − started',
      over: { reportedPredictSeconds: 1, reportedStartedAt: 1_000, reportedCompletedAt: 3_000 },
      want: 1_000_000,
    },
    {
      name: 'completed before started is not believed',
      over: { reportedStartedAt: 3_000, reportedCompletedAt: 1_000 },
      want: 5_000_000,
    },
    {
      name: 'completed − started above elapsed is not believed',
      over: { reportedStartedAt: 0, reportedCompletedAt: 5_001 },
      want: 5_000_000,
    },
    { name: 'started alone says nothing', over: { reportedStartedAt: 3_000 }, want: 5_000_000 },
    { name: 'rounded to whole microseconds', over: { reportedPredictSeconds: 0.1234567 }, want: 123_457 },
    { name: 'our clock was set back: 0', over: { elapsedMs: -3, reportedPredictSeconds: 1 }, want: 0 },
  ])('$name', ({ over, want }) => {
    expect(billedMicroseconds(times(over))).toBe(want);
  });

  it('refuses an elapsed time that is no number', () => {
    expect(() => billedMicroseconds(times({ elapsedMs: Number.NaN }))).toThrow(
      'elapsedMs is NaN; it must be a finite number',
    );
  });

  it('is a whole number from 0 to our elapsed time, whatever the container says', () => {
    const claim = fc.option(fc.oneof(fc.double(), fc.double({ min: 0, max: 10 })), { nil: null });
    fc.assert(
      fc.property(
        claim,
        claim,
        claim,
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        (seconds, started, completed, elapsedMs) => {
          const billed = billedMicroseconds({
            reportedPredictSeconds: seconds,
            reportedStartedAt: started,
            reportedCompletedAt: completed,
            elapsedMs,
          });
          expect(Number.isSafeInteger(billed)).toBe(true);
          expect(billed).toBeGreaterThanOrEqual(0);
          expect(billed).toBeLessThanOrEqual(Math.round(elapsedMs * 1_000));
        },
      ),
    );
  });
});

describe('costMicros', () => {
  it.each([
    { name: 'a second at the price', run: 1_000_000, price: 225, want: 225 },
    { name: 'nothing ran', run: 0, price: 225, want: 0 },
    { name: 'a free model', run: 1_000_000, price: 0, want: 0 },
    { name: 'just below a half rounds down', run: 499_999, price: 1, want: 0 },
    { name: 'a half rounds up', run: 500_000, price: 1, want: 1 },
    { name: 'a half above an even number rounds up too', run: 2_500_000, price: 1, want: 3 },
    {
      name: 'a day at a price whose product is beyond 2^53',
      run: 86_399_999_999,
      price: 12_345_679,
      want: 1_066_666_665_588,
    },
  ])('$name', ({ run, price, want }) => {
    expect(costMicros(run, price)).toBe(want);
  });

  it.each([
    [1.5, 1, 'predictMicroseconds is 1.5'],
    [-1, 1, 'predictMicroseconds is -1'],
    [1, 0.5, 'priceMicrosPerSecond is 0.5'],
    [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 'costMicros is'],
  ])('refuses %d µs at %d', (run, price, message) => {
    expect(() => costMicros(run, price)).toThrow(message);
  });

  it('is within half a millionth of the exact cost, and halves go up', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100_000_000_000 }), fc.nat({ max: 10_000_000 }), (run, price) => {
        const off = BigInt(costMicros(run, price)) * 1_000_000n - BigInt(run) * BigInt(price);
        expect(off > -500_000n && off <= 500_000n).toBe(true);
      }),
    );
  });
});

describe('usageRecord', () => {
  const run = (over: Partial<EndedRun> = {}): EndedRun => ({
    predictionId: 'p1',
    attempt: 2,
    accountId: 'a1',
    model: 'hearth/ocr',
    versionId: 'v1',
    deploymentId: 'd1',
    hardwareSku: 'cpu',
    priceMicrosPerSecond: 100,
    status: 'succeeded',
    at: 9_000,
    startedAt: 4_000,
    times: times({ reportedPredictSeconds: 4 }),
    ...over,
  });

  it('is one record, keyed by the prediction whatever the attempt', () => {
    expect(usageRecord(run())).toEqual({
      id: 'p1',
      predictionId: 'p1',
      attempt: 2,
      accountId: 'a1',
      model: 'hearth/ocr',
      versionId: 'v1',
      deploymentId: 'd1',
      hardwareSku: 'cpu',
      predictMicroseconds: 4_000_000,
      priceMicrosPerSecond: 100,
      costMicros: 400,
      status: 'succeeded',
      at: 9_000,
    });
  });
  it.each([
    { name: 'a failed run costs what ran', over: { status: 'failed' as const }, want: 400 },
    { name: 'a canceled run costs what ran', over: { status: 'canceled' as const }, want: 400 },
    {
      name: 'canceled before it started: none',
      over: { status: 'canceled' as const, startedAt: null },
      want: undefined,
    },
    { name: 'failed before it started: none', over: { status: 'failed' as const, startedAt: null }, want: undefined },
    { name: 'aborted: none', over: { status: 'aborted' as const }, want: undefined },
  ])('$name', ({ over, want }) => {
    expect(usageRecord(run(over))?.costMicros).toBe(want);
  });
});
