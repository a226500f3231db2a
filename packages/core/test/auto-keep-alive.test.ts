import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BOOT_LEAD,
  binEndMs,
  binMiddleMs,
  coldBootCostMs,
  forecast,
  GAP_BINS,
  gapBin,
  learnGap,
  NO_OWN_GAPS,
  NO_POOLED_GAPS,
  storable,
  total,
  type WarmWindow,
  warmWindow,
} from '../src/index.ts';
import { MINUTE, SECOND } from './build.ts';
import { playGaps, unlearned } from './use.ts';

const HOUR = 60 * MINUTE;
const BOOT_MS = 20 * SECOND;

/** Certain: every gap is in the bin of `gapMs`. */
const always = (gapMs: number): number[] => binEndMs.map((_, bin) => Number(bin === gapBin(gapMs)));

/** Numbers in [0, 1) that look like chance and are the same each time. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647;
}

describe('bins of gaps', () => {
  it('every gap is in the bin whose end is beyond it and whose start is not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (gapMs) => {
        const bin = gapBin(gapMs);
        expect(binEndMs[bin]).toBeGreaterThan(gapMs);
        // A gap on an edge may be counted upwards by a rounding error.
        expect((binEndMs[bin - 1] ?? 0) * (1 - 1e-9)).toBeLessThanOrEqual(gapMs);
      }),
    );
  });
  it('a gap of nonsense is the shortest, and one of a month the longest', () => {
    expect([gapBin(-5), gapBin(Number.NaN), gapBin(30 * 24 * HOUR)]).toEqual([0, 0, GAP_BINS - 1]);
  });
});

describe('forecast', () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 10 * 24 * HOUR }), { maxLength: 40 });
  it('is a share above 0 for every bin, 1 in all, whatever was learned', () => {
    fc.assert(
      fc.property(gaps, fc.nat(2), (learned, burst) => {
        let known = { own: NO_OWN_GAPS, pooled: NO_POOLED_GAPS };
        for (const gapMs of learned) known = learnGap(known.own, known.pooled, burst, gapMs);
        const shares = forecast(known.own, known.pooled, burst);
        expect(shares).toHaveLength(GAP_BINS);
        expect(Math.min(...shares)).toBeGreaterThan(0);
        expect(total(shares)).toBeCloseTo(1, 9);
      }),
      { numRuns: 50 },
    );
  });

  it('learns of a timer from few gaps, and of a person from many', () => {
    const after = (gaps: readonly number[]) => {
      let known = { own: NO_OWN_GAPS, pooled: NO_POOLED_GAPS };
      for (const gapMs of gaps) known = learnGap(known.own, known.pooled, 0, gapMs);
      return known.own.timerOdds;
    };
    const random = numbers(3);
    expect(after([600_000, 601_000, 599_500, 600_100])).toBeGreaterThan(3);
    expect(after(Array.from({ length: 30 }, () => -Math.log(random()) * 10 * MINUTE))).toBeLessThan(-3);
  });

  it('what others teach counts after bursts of the same length first', () => {
    let pooled = NO_POOLED_GAPS;
    for (let n = 0; n < 500; n++) ({ pooled } = learnGap(NO_OWN_GAPS, pooled, 2, 5 * MINUTE));
    const share = (burst: number): number => forecast(NO_OWN_GAPS, pooled, burst)[gapBin(5 * MINUTE)] ?? 0;
    expect(share(2)).toBeGreaterThan(1.5 * share(0));
    expect(share(0)).toBeGreaterThan(forecast(NO_OWN_GAPS, NO_POOLED_GAPS, 0)[gapBin(5 * MINUTE)] ?? 1);
  });
});

describe('warmWindow', () => {
  it('knows the gap: there for a short one, gone and back for a long one', () => {
    const soon = warmWindow(always(10 * SECOND), BOOT_MS);
    expect(soon).toEqual({ fromMs: 0, untilMs: binEndMs[gapBin(10 * SECOND)] });
    const late = warmWindow(always(HOUR), BOOT_MS);
    expect(late).toEqual({ fromMs: binEndMs[gapBin(HOUR) - 1], untilMs: binEndMs[gapBin(HOUR)] });
  });

  it('is never let go later than its next boot would have to begin', () => {
    for (const gapMs of [30 * SECOND, MINUTE, 2 * MINUTE, 10 * MINUTE]) {
      expect(warmWindow(always(gapMs), gapMs / 1.2).fromMs).toBe(0);
      expect(warmWindow(always(gapMs), gapMs / 1.5).fromMs).toBeGreaterThan(0);
    }
  });

  it('lets go at once where a cold boot costs nothing', () => {
    expect(warmWindow(forecast(NO_OWN_GAPS, NO_POOLED_GAPS, 0), BOOT_MS, 0)).toEqual({ fromMs: 0, untilMs: 0 });
  });

  const shares = fc
    .array(fc.record({ bin: fc.nat(GAP_BINS - 1), weight: fc.integer({ min: 1, max: 50 }) }), {
      minLength: 1,
      maxLength: 12,
    })
    .map((rows) => {
      const sum = rows.reduce((all, { weight }) => all + weight, 0);
      return binEndMs.map((_, n) => rows.reduce((share, { bin, weight }) => share + (bin === n ? weight / sum : 0), 0));
    });
  const costs = fc
    .tuple(fc.integer({ min: 0, max: 10 * HOUR }), fc.integer({ min: 0, max: 10 * HOUR }))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

  /** How probable it is, by a forecast, that the next use finds nothing warm. */
  const coldShare = (forecast: readonly number[], { fromMs, untilMs }: WarmWindow): number =>
    forecast.reduce((sum, share, bin) => {
      const endMs = binEndMs[bin] ?? Infinity;
      return endMs > fromMs && endMs <= untilMs ? sum : sum + share;
    }, 0);

  it('the dearer a cold boot, the fewer there are', () => {
    fc.assert(
      fc.property(shares, costs, (forecast, [cheap, dear]) => {
        const [a, b] = [warmWindow(forecast, BOOT_MS, cheap), warmWindow(forecast, BOOT_MS, dear)];
        expect(coldShare(forecast, b)).toBeLessThanOrEqual(coldShare(forecast, a) + 1e-9);
      }),
      { numRuns: 500 },
    );
  });

  /** What a window costs by a forecast, term by term. */
  function costOf(
    forecast: readonly number[],
    coldMs: number,
    { fromMs, untilMs }: { fromMs: number; untilMs: number },
  ) {
    return forecast.reduce((sum, share, bin) => {
      const [gapMs, endMs] = [binMiddleMs[bin] ?? 0, binEndMs[bin] ?? Infinity];
      const boot = fromMs > 0 && endMs > fromMs ? BOOT_LEAD * BOOT_MS : 0;
      if (endMs <= fromMs) return sum + share * coldMs;
      if (endMs <= untilMs) return sum + share * (boot + gapMs - fromMs);
      return sum + share * (boot + untilMs - fromMs + coldMs);
    }, 0);
  }

  it('no other window costs less', () => {
    fc.assert(
      fc.property(
        shares,
        fc.constantFrom(10 * MINUTE, HOUR, 10 * HOUR),
        fc.nat(GAP_BINS - 2),
        fc.nat(GAP_BINS - 2),
        (forecast, coldMs, i, j) => {
          const best = costOf(forecast, coldMs, warmWindow(forecast, BOOT_MS, coldMs));
          const [from, until] = [binEndMs[Math.min(i, j)] ?? 0, binEndMs[Math.max(i, j)] ?? 0];
          const others = [
            { fromMs: 0, untilMs: until },
            ...(from >= BOOT_LEAD * BOOT_MS && from < until ? [{ fromMs: from, untilMs: until }] : []),
          ];
          for (const other of others) expect(best).toBeLessThanOrEqual(costOf(forecast, coldMs, other) + 1e-6);
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('auto, gap after gap', () => {
  it('a timer of ten minutes is cold once, and after a few times it idles next to nothing', () => {
    const { cold, idleMs, ahead } = playGaps(Array<number>(60).fill(10 * MINUTE), unlearned(BOOT_MS));
    expect(cold).toBe(0);
    expect(ahead).toBeGreaterThan(54);
    expect(idleMs).toBeLessThan(60 * 10 * MINUTE * 0.15);
  });
  it('a timer of two hours is cold until it is known for one', () => {
    const { cold, idleMs } = playGaps(Array<number>(60).fill(2 * HOUR), unlearned(BOOT_MS));
    expect(cold).toBeLessThanOrEqual(3);
    expect(idleMs).toBeLessThan(60 * 2 * HOUR * 0.12);
  });
  it('a timer that stops keeping time is no timer any more', () => {
    const random = numbers(5);
    const chance = Array.from({ length: 200 }, () => -Math.log(random()) * 4 * MINUTE);
    const { learned } = playGaps([...Array<number>(60).fill(10 * MINUTE), ...chance], unlearned(BOOT_MS));
    expect(learned.history.gaps.timerOdds).toBeLessThan(0);
    expect(playGaps(chance.slice(0, 50), learned).ahead).toBe(0);
  });

  it.each([MINUTE, 5 * MINUTE, 30 * MINUTE, 5 * HOUR])(
    'calls by chance, %d ms apart, cost little more than the best of any keep-alive',
    (meanMs) => {
      const random = numbers(7);
      const gaps = Array.from({ length: 600 }, () => -Math.log(random()) * meanMs);
      const { cold, idleMs, ahead } = playGaps(gaps, unlearned(BOOT_MS));
      const coldMs = coldBootCostMs(BOOT_MS);
      const always = gaps.reduce((sum, gap) => sum + gap, 0);
      const never = gaps.length * coldMs;
      // Chance may look like a timer for a moment.
      expect(ahead).toBeLessThan(gaps.length * 0.03);
      expect(idleMs + cold * coldMs).toBeLessThan(1.15 * Math.min(always, never));
    },
  );

  it('who changes his ways is judged by the new ones: by a hundred gaps and no more', () => {
    const random = numbers(13);
    const chance = (count: number, meanMs: number) => Array.from({ length: count }, () => -Math.log(random()) * meanMs);
    const { learned } = playGaps([...chance(600, MINUTE), ...chance(300, 3 * HOUR)], unlearned(BOOT_MS));
    expect(total(learned.history.gaps.counts)).toBeCloseTo(100, 0);
    expect(total(learned.history.gaps.counts.slice(0, gapBin(5 * MINUTE)))).toBeLessThan(10);
  });

  it('what is kept of a deployment stays below a kilobyte, whatever its past', () => {
    const gap = fc.oneof(fc.nat(1_000), fc.nat(10 * MINUTE), fc.nat(4 * 24 * HOUR), fc.constantFrom(MINUTE, HOUR));
    fc.assert(
      fc.property(fc.array(gap, { minLength: 100, maxLength: 1_500 }), (gaps) => {
        const { learned } = playGaps(gaps, unlearned(BOOT_MS));
        expect(JSON.stringify(storable(learned.history)).length).toBeLessThan(1_024);
        expect(learned.pooled.counts.length).toBe(3);
        expect(Math.max(...learned.pooled.counts.map((counts) => counts.length))).toBeLessThanOrEqual(GAP_BINS);
      }),
      { numRuns: 20 },
    );
  });

  it('goes on after it was stored as if it had not been', () => {
    const random = numbers(11);
    const past = Array.from({ length: 300 }, () => -Math.log(random()) * 20 * MINUTE);
    const { learned } = playGaps(past, unlearned(BOOT_MS));
    const read = { ...learned, history: JSON.parse(JSON.stringify(storable(learned.history))) };
    const next = past.slice(0, 100);
    const [a, b] = [playGaps(next, learned), playGaps(next, read)];
    expect(Math.abs(a.idleMs - b.idleMs) / a.idleMs).toBeLessThan(0.05);
    expect(Math.abs(a.cold - b.cold)).toBeLessThanOrEqual(2);
  });
});
