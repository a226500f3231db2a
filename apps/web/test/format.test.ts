import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCompact,
  formatDuration,
  formatMiB,
  formatMoney,
  formatPrice,
  formatRelative,
  formatShare,
} from '../src/ui/format.ts';

describe('a duration', () => {
  it.each([
    [-3, '0 ms'],
    [0, '0 ms'],
    [999.4, '999 ms'],
    [1_000, '1.0 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_499, '59 s'],
    [59_500, '1 min 00 s'],
    [65_000, '1 min 05 s'],
    [3_600_000, '1 h'],
    [7_800_000, '2 h 10 min'],
    [86_400_000, '1 d'],
    [100_800_000, '1 d 4 h'],
  ])('of %s ms is %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('a time from now', () => {
  const now = 1_000_000_000;
  it.each([
    [now, 'just now'],
    [now + 4_000, 'just now'],
    [now - 5_000, '5 s ago'],
    [now - 59_999, '59 s ago'],
    [now - 60_000, '1 min ago'],
    [now - 3_599_999, '59 min ago'],
    [now - 86_399_999, '23 h ago'],
    [now - 3 * 86_400_000, '3 d ago'],
    [now + 180_000, 'in 3 min'],
  ])('%s is %s', (at, text) => expect(formatRelative(at, now)).toBe(text));
});

describe('an amount', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1 kB'],
    [1_250, '1.3 kB'],
    [999_600, '1.0 MB'],
    [123_456_789, '123 MB'],
  ])('of %s bytes is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it.each([
    [512, '512 MiB'],
    [24_576, '24 GiB'],
    [81_559, '79.6 GiB'],
  ])('of %s MiB is %s', (mib, text) => expect(formatMiB(mib)).toBe(text));

  it.each([
    [9_999, '9,999'],
    [12_345, '12.3K'],
    [4_000_000, '4M'],
  ])('of %s is %s', (count, text) => expect(formatCompact(count)).toBe(text));

  it('of a part is in percent', () => expect(formatShare(0.425)).toBe('43 %'));
});

describe('money', () => {
  it.each([
    [0, '0.00'],
    [1, '0.000001'],
    [225, '0.00023'],
    [9_999, '0.01'],
    [10_000, '0.01'],
    [1_234_567, '1.23'],
    [1_234_567_890, '1,234.57'],
  ])('of %s millionths is %s', (micros, text) => expect(formatMoney(micros)).toBe(text));

  it.each([
    [0, '0.00'],
    [225, '0.000225'],
    [1_400, '0.0014'],
    [2_000_000, '2.00'],
  ])('a price of %s millionths a second is exact: %s', (micros, text) => expect(formatPrice(micros)).toBe(text));
});
