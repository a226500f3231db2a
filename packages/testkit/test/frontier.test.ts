import { describe, expect, it } from 'vitest';
import { idleAt, isDominated, isWorse } from '../bench/policy/frontier.ts';

const point = (coldStarts: number, idleHours: number) => ({ coldStarts, idleHours });
const FIXED = [point(100, 1_000), point(300, 100), point(200, 300)];

describe('the frontier of fixed keep-alives', () => {
  it('is straight in the logarithm between those that were tried', () => {
    expect(idleAt(FIXED, 200)).toBe(300);
    expect(idleAt(FIXED, 150)).toBeCloseTo(Math.sqrt(1_000 * 300), 6);
    expect(idleAt(FIXED, 275)).toBeCloseTo(300 * (100 / 300) ** 0.75, 6);
  });
  it('ends where they end', () => {
    expect([idleAt(FIXED, 50), idleAt(FIXED, 900)]).toEqual([1_000, 100]);
  });
});

it.each([
  { name: 'on the frontier, and beaten by none', auto: point(200, 300), hybrid: point(900, 900), worse: false },
  { name: 'above the frontier', auto: point(200, 301), hybrid: point(900, 900), worse: true },
  {
    name: 'below it, and the hybrid histogram elsewhere',
    auto: point(200, 299),
    hybrid: point(150, 400),
    worse: false,
  },
  {
    name: 'below it, and beaten by the hybrid histogram both ways',
    auto: point(200, 299),
    hybrid: point(199, 298),
    worse: true,
  },
  { name: 'below it, and beaten one way only', auto: point(200, 299), hybrid: point(199, 299), worse: false },
])('$name', ({ auto, hybrid, worse }) => {
  expect(isWorse(auto, FIXED, hybrid)).toBe(worse);
  expect(isDominated(auto, auto)).toBe(false);
});
