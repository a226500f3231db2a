import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comer, etaMs, type Line, median, type Pace, phaseOf, phaseSpans, remainingMs } from '../src/index.ts';

const NOW = 1_000_000;
const ready = (slots = 1): Comer => ({ state: 'ready', slots, since: 0, phases: {}, pull: null });
const booting = (phases: Comer['phases'], pull: Comer['pull'] = null): Comer => ({
  state: 'booting',
  slots: 1,
  since: NOW,
  phases,
  pull,
});
const line = (over: Partial<Line> = {}): Line => ({
  position: 0,
  comers: [],
  runningSince: [],
  nextBootSlots: null,
  ...over,
});
const PACE: Pace = {
  phaseMs: { place: [10], create: [100], start: [200], setup: [8_000, 10_000, 30_000] },
  runMs: [2_000, 2_000, 5_000],
};
const UNKNOWN: Pace = { phaseMs: {}, runMs: [] };

describe('how long phases lasted', () => {
  it('is from each stamp to the next, whatever order they came in', () => {
    const pulled = { place: 0, pull: 5, create: 65, start: 70, setup: 80, ready: 180 };
    const there = { place: 0, create: 2, start: 7, setup: 17, ready: 217 };
    expect(phaseSpans([pulled, there])).toEqual({
      place: [5, 2],
      pull: [60],
      create: [5, 5],
      start: [10, 10],
      setup: [100, 200],
    });
    expect(phaseSpans([{ place: 0, setup: 10 }])).toEqual({ place: [10] });
  });

  it('is of the phase stamped last: an image found missing is pulled after the first try to create', () => {
    expect(phaseOf({ phases: { place: 1, create: 2, pull: 3 }, since: 1 })).toEqual({ phase: 'pull', since: 3 });
    expect(phaseOf({ phases: { place: 5, create: 5 }, since: 1 })).toEqual({ phase: 'create', since: 5 });
    expect(phaseOf({ phases: {}, since: 1 })).toEqual({ phase: 'place', since: 1 });
  });

  it('has a middle, and a rest of those that last longer', () => {
    expect([median([]), median([3]), median([5, 1, 3]), median([1, 2])]).toEqual([null, 3, 3, 2]);
    expect(remainingMs([8, 10, 30], 0)).toBe(10);
    expect(remainingMs([8, 10, 30], 9)).toBe(21);
    expect(remainingMs([8, 10, 30], 31)).toBeNull();
  });
});

describe('when a waiting prediction starts', () => {
  it.each<[string, Line, Pace, number | null]>([
    ['a slot is free: now', line({ comers: [ready()] }), UNKNOWN, 0],
    ['nothing is up and nothing will be', line(), PACE, null],
    ['nothing is up yet: a boot away', line({ nextBootSlots: 1 }), PACE, 10 + 100 + 200 + 10_000],
    ['nothing is up and no boot was ever seen', line({ nextBootSlots: 1 }), UNKNOWN, null],
    ['second in line for a boot', line({ nextBootSlots: 1, position: 1 }), PACE, 10_310 + 2_000],
    ['second in line for a boot with two slots', line({ nextBootSlots: 2, position: 1 }), PACE, 10_310],
    ['it sets up', line({ comers: [booting({ place: NOW - 9_500, setup: NOW - 9_000 })] }), PACE, 21_000],
    [
      'nothing is up yet, and some boots had to pull',
      line({ nextBootSlots: 1 }),
      { ...PACE, phaseMs: { ...PACE.phaseMs, pull: [60_000] } },
      10_310,
    ],
    ['it sets up longer than ever', line({ comers: [booting({ setup: NOW - 31_000 })] }), PACE, null],
    [
      'it pulls, and how much is known',
      line({ comers: [booting({ pull: NOW - 4_000 }, { bytes: 400, totalBytes: 1_000 })] }),
      PACE,
      6_000 + 100 + 200 + 10_000,
    ],
    [
      'it pulls, and no layer has said how much',
      line({ comers: [booting({ pull: NOW - 4_000 }, { bytes: 400, totalBytes: null })] }),
      PACE,
      null,
    ],
    ['a run goes on', line({ comers: [ready()], runningSince: [NOW - 500] }), PACE, 1_500],
    ['a run goes on for longer than most', line({ comers: [ready()], runningSince: [NOW - 3_000] }), PACE, 2_000],
    ['a run goes on for longer than any', line({ comers: [ready()], runningSince: [NOW - 6_000] }), PACE, null],
    ['fifth in line for two slots', line({ comers: [ready(2)], position: 4 }), PACE, 4_000],
    ['fifth in line, and no run was ever seen', line({ comers: [ready(2)], position: 4 }), UNKNOWN, null],
    ['one booting helps one ready', line({ comers: [ready(), booting({ setup: NOW })], position: 7 }), PACE, 12_000],
  ])('%s', (_what, where, pace, eta) => {
    expect(etaMs(where, pace, NOW)).toBe(eta);
  });

  const spans = fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 6 });
  const lines = fc.record({
    position: fc.nat(2_000),
    comers: fc.array(
      fc.record({
        state: fc.constantFrom('booting' as const, 'ready' as const),
        slots: fc.integer({ min: 1, max: 4 }),
        since: fc.integer({ min: 0, max: NOW }),
        phases: fc.record(
          { pull: fc.integer({ min: 0, max: NOW }), setup: fc.integer({ min: 0, max: NOW }) },
          { requiredKeys: [] },
        ),
        pull: fc.constantFrom(null, { bytes: 5, totalBytes: 9 }),
      }),
      { maxLength: 5 },
    ),
    runningSince: fc.array(fc.integer({ min: 0, max: NOW }), { maxLength: 5 }),
    nextBootSlots: fc.constantFrom(null, 1, 3),
  });
  const paces = fc.record({
    phaseMs: fc.record({ place: spans, pull: spans, create: spans, start: spans, setup: spans }),
    runMs: spans,
  });

  it('is a whole number of 0 or more, or not known', () => {
    fc.assert(
      fc.property(lines, paces, (where, pace) => {
        const eta = etaMs(where, pace, NOW);
        expect(eta === null || (Number.isSafeInteger(eta) && eta >= 0)).toBe(true);
      }),
    );
  });

  it('is never earlier for one further back, and never later for one more free slot', () => {
    fc.assert(
      fc.property(lines, paces, (where, pace) => {
        const eta = etaMs(where, pace, NOW);
        const behind = etaMs({ ...where, position: where.position + 1 }, pace, NOW);
        if (eta !== null && behind !== null) expect(behind).toBeGreaterThanOrEqual(eta);
        if (eta === null || where.comers.length === 0) return;
        expect(etaMs({ ...where, comers: [...where.comers, ready(9)] }, pace, NOW)).toBeLessThanOrEqual(eta);
      }),
    );
  });

  it('is when the one ahead would start, one at a time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.nat(60),
        fc.integer({ min: 1, max: 9_999 }),
        (slots, position, runMs) => {
          const starts = Array.from({ length: slots }, () => 0);
          let begun = 0;
          for (let n = 0; n <= position; n++) {
            starts.sort((a, b) => a - b);
            begun = starts[0] ?? 0;
            starts[0] = begun + runMs;
          }
          expect(etaMs(line({ comers: [ready(slots)], position }), { phaseMs: {}, runMs: [runMs] }, NOW)).toBe(begun);
        },
      ),
    );
  });
});
