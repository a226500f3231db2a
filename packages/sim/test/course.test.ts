import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { Course } from '../src/course.ts';

it('what is held for long is held in every part of that time, wherever the parts are cut', () => {
  const spans = fc.record({
    from: fc.nat(1_000),
    ms: fc.integer({ min: 1, max: 1_000_000 }),
    parts: fc.integer({ min: 1, max: 200 }),
  });
  fc.assert(
    fc.property(spans, fc.array(fc.nat(1_000_000)), ({ from, ms, parts }, instants) => {
      const course = new Course({ from, to: from + ms, parts });
      course.set(7, from);
      for (const at of instants.toSorted((a, b) => a - b)) course.set(7, from + at);
      const means = course.means();
      expect(means).toHaveLength(parts);
      for (const mean of means) expect(mean).toBeCloseTo(7, 6);
    }),
  );
});

it('a part is the mean of what was held in it', () => {
  const course = new Course({ from: 0, to: 40, parts: 4 });
  course.set(4, 5);
  course.set(1, 15);
  course.set(0, 35);
  expect(course.means()).toEqual([2, 2.5, 1, 0.5]);
});
