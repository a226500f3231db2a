import { UNMEASURED } from '@hearth/core';
import { describe, expect, it } from 'vitest';
import { isDue } from '../src/measured-times.ts';

const NOW = 1_000_000;
const idle = UNMEASURED;
const busy = { ...UNMEASURED, runsPerSecond: 0.1 };

describe('a deployment is measured', () => {
  it.each([
    { name: 'once, whatever it did', kept: null, activeAt: 0, due: true },
    { name: 'not twice in ten seconds', kept: { measures: busy, at: NOW - 9_999 }, activeAt: NOW, due: false },
    { name: 'again ten seconds later', kept: { measures: idle, at: NOW - 10_000 }, activeAt: NOW, due: true },
    { name: 'not while it stands by', kept: { measures: idle, at: NOW - 10_000 }, activeAt: NOW - 60_000, due: false },
    {
      name: 'once more after what it did last, which may be recorded late',
      kept: { measures: idle, at: NOW - 10_000 },
      activeAt: NOW - 19_999,
      due: true,
    },
    {
      name: 'until the rate of the last minute is down to nothing',
      kept: { measures: busy, at: NOW - 10_000 },
      activeAt: NOW - 60_000,
      due: true,
    },
  ])('$name', ({ kept, activeAt, due }) => {
    expect(isDue(kept, activeAt, NOW)).toBe(due);
  });
});
