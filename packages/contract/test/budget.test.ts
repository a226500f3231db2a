import { expect, it } from 'vitest';
import { periodEnd } from '../src/index.ts';

const AT = Date.UTC(2026, 0, 31, 23, 59);

it.each([
  ['day', AT, '2026-02-01T00:00:00.000Z'],
  ['month', AT, '2026-02-01T00:00:00.000Z'],
  ['day', Date.UTC(2026, 1, 1), '2026-02-02T00:00:00.000Z'],
  ['month', Date.UTC(2026, 11, 31), '2027-01-01T00:00:00.000Z'],
] as const)('a %s ends where the next begins', (period, at, want) => expect(periodEnd(period, at)).toBe(want));
