import type { TokenBudgetBody, WireBudget } from '@hearth/contract';

/** A budget as a person edits it: text, until it is sent. Empty: no limit. */
export interface BudgetText {
  /** In the operator's currency. */
  readonly day: string;
  readonly month: string;
  readonly maxInFlight: string;
  readonly createsPerMinute: string;
}

export const NO_BUDGET: BudgetText = { day: '', month: '', maxInFlight: '', createsPerMinute: '' };

/** Each field of the form, and what the API calls it. */
export const BUDGET_WIRE_NAMES: Record<keyof BudgetText, keyof TokenBudgetBody> = {
  day: 'day_micros',
  month: 'month_micros',
  maxInFlight: 'max_in_flight',
  createsPerMinute: 'creates_per_minute',
};

const MICROS = 1_000_000;

export const textOfBudget = ({ day, month, max_in_flight, creates_per_minute }: WireBudget): BudgetText => ({
  day: text(day.limit_micros, MICROS),
  month: text(month.limit_micros, MICROS),
  maxInFlight: text(max_in_flight),
  createsPerMinute: text(creates_per_minute),
});

/** What is sent. What it may be is for the API to say. */
export const budgetOfText = (form: BudgetText) => ({
  day_micros: number(form.day, MICROS),
  month_micros: number(form.month, MICROS),
  creates_per_minute: number(form.createsPerMinute),
});

export const tokenBudgetOfText = (form: BudgetText): TokenBudgetBody => ({
  ...budgetOfText(form),
  max_in_flight: number(form.maxInFlight),
});

const text = (value: number | null, unit = 1): string => (value === null ? '' : String(value / unit));
const number = (line: string, unit = 1): number | null => (line.trim() === '' ? null : Math.round(Number(line) * unit));
