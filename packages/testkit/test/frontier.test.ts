import { expect, it } from 'vitest';
import { FRONTIER_MS, idleAt, isDominated, isWorse } from '../bench/policy/frontier.ts';

const point = (coldStarts: number, idleHours: number, costHours = 0) => ({ coldStarts, idleHours, costHours });
const FIXED = [point(100, 1_000), point(300, 100), point(200, 300)];
const FAR = point(900, 900, 9_000);

it('fixed keep-alives are tried from ten seconds to two days, 2% apart', () => {
  expect(FRONTIER_MS[0]).toBe(10_000);
  expect(FRONTIER_MS.at(-1)).toBeGreaterThanOrEqual(2 * 86_400_000);
  expect((FRONTIER_MS[1] ?? 0) / 10_000).toBeCloseTo(1.02, 9);
});

it.each([
  { coldStarts: 200, idle: 300 },
  { coldStarts: 299, idle: 300 },
  { coldStarts: 900, idle: 100 },
  { coldStarts: 50, idle: Infinity },
])('the shortest with no more than $coldStarts cold starts idles $idle hours', ({ coldStarts, idle }) => {
  expect(idleAt(FIXED, coldStarts)).toBe(idle);
});

it.each([
  { name: 'as good as a fixed one', auto: point(200, 300), hybrid: FAR, worse: false },
  { name: 'as many cold starts as a fixed one, and more idle time', auto: point(200, 304), hybrid: FAR, worse: true },
  { name: '… by no more than a hundredth', auto: point(200, 302), hybrid: FAR, worse: false },
  { name: 'between two fixed ones', auto: point(199, 301), hybrid: FAR, worse: false },
  { name: 'above all fixed ones in cold starts', auto: point(301, 102), hybrid: FAR, worse: true },
  { name: 'beaten by the hybrid histogram both ways', auto: point(150, 299), hybrid: point(149, 298), worse: true },
  { name: 'beaten one way, at the same price', auto: point(150, 299), hybrid: point(149, 301), worse: false },
  { name: 'beaten one way, and dearer', auto: point(150, 299, 1_001), hybrid: point(149, 301, 1_000), worse: true },
])('$name', ({ auto, hybrid, worse }) => {
  expect(isWorse(auto, FIXED, hybrid)).toBe(worse);
  expect(isDominated(auto, auto)).toBe(false);
});
