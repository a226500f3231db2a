import { describe, expect, test } from 'vitest';
import { retryAt, wantsEvent } from '../src/index.ts';

describe('wantsEvent', () => {
  const wanted = (filter: readonly string[] | null) =>
    (['start', 'output', 'logs', 'completed'] as const).filter((event) => wantsEvent(filter, event));

  test('without a filter, output and the end', () => expect(wanted(null)).toEqual(['output', 'completed']));
  test('with an empty filter, nothing', () => expect(wanted([])).toEqual([]));
  test('with a filter, what it lists', () => expect(wanted(['logs', 'start'])).toEqual(['start', 'logs']));
});

describe('retryAt', () => {
  test('a receiver that refuses at once is tried seven times, the last a minute after the first', () => {
    const tries = [0];
    for (;;) {
      const next = retryAt(tries.length, 0, tries.at(-1) ?? 0);
      if (next === null) break;
      tries.push(next);
    }
    expect(tries).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 60_000]);
  });

  test('a pause begins where the try ended, and none leads past the last try', () => {
    expect(retryAt(1, 0, 10_000)).toBe(11_000);
    expect(retryAt(4, 0, 52_001)).toBe(60_000);
  });

  test('no try follows one that ended a minute after the first or later', () => {
    expect(retryAt(4, 0, 59_999)).toBe(60_000);
    expect(retryAt(4, 0, 60_000)).toBeNull();
    expect(retryAt(5, 500, 61_000)).toBeNull();
  });

  test('a minute in which the platform was away costs a receiver no more than its slowness would: there are four tries', () => {
    expect(retryAt(1, 0, 300_000)).toBe(301_000);
    expect(retryAt(3, 0, 300_000)).toBe(304_000);
    expect(retryAt(4, 0, 300_000)).toBeNull();
  });
});
