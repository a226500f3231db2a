import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byDay, NEVER_BUSY, type Span, withSpans } from '../src/index.ts';

const MIDNIGHT = Date.UTC(2026, 0, 2);
const MINUTE = 60_000;

describe('a busy day', () => {
  test('counts time once, however often it is told', () => {
    const once = withSpans(NEVER_BUSY, [
      [1_000, 3_000],
      [2_000, 5_000],
    ]);
    expect(once).toEqual({ busyMs: 4_000, spans: [[1_000, 5_000]] });
    expect(withSpans(once, [[2_000, 5_000]])).toEqual(once);
  });

  test('joins spans that no picture could show apart, and still counts the gap as idle', () => {
    const day = withSpans(NEVER_BUSY, [
      [0, 1_000],
      [1_250, 2_000],
      [2_251, 3_000],
    ]);
    expect(day.spans).toEqual([
      [0, 2_000],
      [2_251, 3_000],
    ]);
    expect(day.busyMs).toBe(1_000 + 750 + 749);
  });

  test('gives up the shortest gaps where it has too many spans', () => {
    const spans = Array.from({ length: 145 }, (_, n): Span => [n * MINUTE, n * MINUTE + (n === 70 ? 50_000 : 1_000)]);
    const day = withSpans(NEVER_BUSY, spans);
    expect(day.spans).toHaveLength(144);
    expect(day.spans).toContainEqual([70 * MINUTE, 71 * MINUTE + 1_000]);
    expect(day.busyMs).toBe(144 * 1_000 + 50_000);
  });

  test('is exact however its spans come, told one after the other', () => {
    const later = fc.array(fc.tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 10_000 })), {
      maxLength: 400,
    });
    fc.assert(
      fc.property(later, (steps) => {
        let at = 0;
        let busy = 0;
        let day = NEVER_BUSY;
        for (const [gap, length] of steps) {
          day = withSpans(day, [[at + gap, at + gap + length]]);
          at += gap + length;
          busy += length;
        }
        expect(day.busyMs).toBe(busy);
        expect(day.spans.length).toBeLessThanOrEqual(144);
      }),
    );
  });
});

test('spans are split at midnight, and an empty one is on no day', () => {
  const days = byDay([
    [MIDNIGHT - 10, MIDNIGHT + 10],
    [MIDNIGHT, MIDNIGHT],
  ]);
  expect([...days]).toEqual([
    [MIDNIGHT - 86_400_000, [[MIDNIGHT - 10, MIDNIGHT]]],
    [MIDNIGHT, [[MIDNIGHT, MIDNIGHT + 10]]],
  ]);
});
