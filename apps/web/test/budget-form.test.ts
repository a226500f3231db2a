import type { WireBudget } from '@hearth/contract';
import { expect, test } from 'vitest';
import { budgetOfText, NO_BUDGET, textOfBudget, tokenBudgetOfText } from '../src/features/settings/budget-form.ts';

const period = (limit_micros: number | null) => ({
  limit_micros,
  spent_micros: 1,
  ends_at: '2026-02-01T00:00:00.000Z',
});
const budget: WireBudget = {
  account: 'ada',
  token: { id: 't', name: 'ci', hint: 'abcd' },
  day: period(10_500_000),
  month: period(null),
  held_micros: 7,
  max_in_flight: 5,
  in_flight: 2,
  creates_per_minute: null,
};

test('a budget is edited in the currency, and sent in millionths of it', () => {
  const form = textOfBudget(budget);
  expect(form).toEqual({ day: '10.5', month: '', maxInFlight: '5', createsPerMinute: '' });
  expect(tokenBudgetOfText({ ...form, month: '0.1' })).toEqual({
    day_micros: 10_500_000,
    month_micros: 100_000,
    max_in_flight: 5,
    creates_per_minute: null,
  });
});

test('what is empty is no limit, and an account has none in flight', () => {
  expect(budgetOfText(NO_BUDGET)).toEqual({ day_micros: null, month_micros: null, creates_per_minute: null });
  expect(budgetOfText({ ...NO_BUDGET, day: '0' })).toMatchObject({ day_micros: 0 });
});
