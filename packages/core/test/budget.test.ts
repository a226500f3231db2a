import { describe, expect, it } from 'vitest';
import { type BudgetBound, boundInWords, inCurrency, periodEnd } from '../src/index.ts';

const AT = Date.UTC(2026, 0, 31, 23, 59);

describe('a budget in words', () => {
  it.each([
    [0, '0'],
    [1, '0.000001'],
    [1_500_000, '1.5'],
    [12_000_000, '12'],
    [-250_000, '-0.25'],
    [9_007_199_254_740_991, '9007199254.740991'],
  ])('%i millionths are %s', (micros, want) => expect(inCurrency(micros)).toBe(want));

  it.each([
    ['day', AT, '2026-02-01T00:00:00.000Z'],
    ['month', AT, '2026-02-01T00:00:00.000Z'],
    ['day', Date.UTC(2026, 1, 1), '2026-02-02T00:00:00.000Z'],
    ['month', Date.UTC(2026, 11, 31), '2027-01-01T00:00:00.000Z'],
  ] as const)('a %s ends where the next begins', (period, at, want) =>
    expect(new Date(periodEnd(period, at)).toISOString()).toBe(want),
  );

  it('says whose limit it is, how far it is used and when it begins anew', () => {
    const bound: BudgetBound = {
      account: 'ada',
      token: null,
      what: 'day',
      limit: 10_000_000,
      spent: 9_500_000,
      held: 400_000,
      needed: 200_000,
    };
    expect(boundInWords(bound, AT)).toBe(
      'Account ada may spend 10 a day: 9.5 is spent, 0.4 is held for what has not ended, and this needs 0.2. ' +
        'The day ends at 2026-02-01T00:00:00.000Z.',
    );
    const token = { id: 't', name: 'ci' };
    expect(boundInWords({ ...bound, token, what: 'in_flight', limit: 3, spent: 0, held: 3, needed: 1 }, AT)).toBe(
      'Token "ci" of account ada may have 3 predictions in flight, and has 3.',
    );
  });
});
