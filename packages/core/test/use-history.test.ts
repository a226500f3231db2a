import { describe, expect, it } from 'vitest';
import { demandRate, expectsUse, NO_USE, seeUse, usualBootMs, withBoot } from '../src/index.ts';
import { MINUTE, SECOND } from './build.ts';
import { idle, inUse, playGaps, unlearned } from './use.ts';

const DAY = 24 * 60 * MINUTE;

describe('seeUse', () => {
  it('notes when a use begins and ends, and decides at its end', () => {
    const begun = seeUse(unlearned(20_000), inUse({ oldestWaitingAt: 5_000 }), 6_000);
    expect(begun.history).toMatchObject({
      burstSince: 5_000,
      idleSince: null,
      window: null,
      uses: { count: 1, at: 5_000 },
    });
    const over = seeUse(begun, idle(), 9_000);
    expect(over.history.idleSince).toBe(9_000);
    expect(over.history.window).toMatchObject({ fromMs: 0 });
    const again = seeUse(over, inUse({ oldestWaitingAt: 70_000 }), 70_100);
    expect(again.history.gaps.counts.reduce((a, b) => a + b, 0)).toBe(1);
    expect(again.history).toMatchObject({ burstSince: 5_000, idleSince: null, window: null });
  });

  it('is the same object while nothing changes', () => {
    const nobody = unlearned(20_000);
    expect(seeUse(nobody, idle(), 1).history).toBe(nobody.history);
    const begun = seeUse(nobody, inUse(), 2);
    expect(seeUse(begun, inUse({ unfinished: 5 }), 3).history).toBe(begun.history);
    const over = seeUse(begun, idle({ lastUsedAt: 3 }), 4);
    expect(seeUse(over, idle({ lastUsedAt: 3 }), 5).history).toBe(over.history);
    expect(seeUse(over, idle({ lastUsedAt: 3 }), 5).pooled).toBe(over.pooled);
  });

  it('sees a run that came and went between two looks by when the instance was last used', () => {
    const over = seeUse(seeUse(unlearned(20_000), inUse(), 0), idle({ lastUsedAt: 900 }), 1_000);
    const next = seeUse(over, idle({ lastUsedAt: 61_500 }), 62_000);
    expect(next.history.idleSince).toBe(61_500);
    expect(next.history.uses.count).toBeCloseTo(2, 3);
    expect(next.history.gaps.counts.reduce((a, b) => a + b, 0)).toBe(1);
  });

  it('an instance that was used before anybody looked is nothing new', () => {
    expect(seeUse(unlearned(20_000), idle({ lastUsedAt: 500 }), 1_000).history).toEqual(withBoot(NO_USE, 20_000));
  });

  it('a pause of half an hour ends a burst', () => {
    const { learned } = playGaps([10 * SECOND, 10 * SECOND, 29 * MINUTE], unlearned(20_000));
    expect(learned.history.burstSince).toBe(0);
    expect(playGaps([10 * SECOND, 31 * MINUTE], unlearned(20_000)).learned.history.burstSince).toBeGreaterThan(0);
  });
});

it('demand fades: of a use ten days ago a third is left', () => {
  const { learned } = playGaps([], unlearned(20_000));
  expect(demandRate(learned.history, 0)).toBe(1);
  expect(demandRate(learned.history, 10 * DAY)).toBeCloseTo(1 / Math.E, 6);
  expect(demandRate(learned.history, -1)).toBe(1);
});

it('a boot takes what it was measured to, and until then what boots usually take', () => {
  expect(usualBootMs(NO_USE)).toBe(24_000);
  expect(usualBootMs(withBoot(NO_USE, 5_000))).toBe(5_000);
  const known = withBoot(NO_USE, 5_000);
  expect(withBoot(known, 5_000)).toBe(known);
});

it('a use is expected between two times of a timer only, and not for ever', () => {
  const timer = playGaps(Array<number>(20).fill(10 * MINUTE), unlearned(20_000)).learned;
  expect(expectsUse(timer.history, 0)).toBe(false);
  const at = 1_000_000_000;
  const over = seeUse(timer, idle(), at);
  expect(expectsUse(over.history, at + MINUTE)).toBe(true);
  expect(expectsUse(over.history, at + (over.history.window?.untilMs ?? 0))).toBe(false);
});
