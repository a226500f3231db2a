import { describe, expect, it } from 'vitest';
import { type BudgetBound, boundInWords, inCurrency } from '../src/index.ts';

const ends = (period: string): string => `the end of the ${period}`;

describe('a budget in words', () => {
  it.each([
    [0, '0'],
    [1, '0.000001'],
    [1_500_000, '1.5'],
    [12_000_000, '12'],
    [-250_000, '-0.25'],
    [9_007_199_254_740_991, '9007199254.740991'],
  ])('%i millionths are %s', (micros, want) => expect(inCurrency(micros)).toBe(want));

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
    expect(boundInWords(bound, ends)).toBe(
      'Account ada may spend 10 a day: 9.5 is spent, 0.4 is held for what has not ended, and this needs 0.2. ' +
        'The day ends at the end of the day.',
    );
    const token = { id: 't', name: 'ci' };
    expect(boundInWords({ ...bound, token, what: 'in_flight', limit: 3, spent: 0, held: 3, needed: 1 }, ends)).toBe(
      'Token "ci" of account ada may have 3 predictions in flight, and has 3.',
    );
  });
});
