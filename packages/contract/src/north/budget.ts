import { z } from 'zod';
import { wireDateSchema } from './page.ts';

const tokenOfBudgetSchema = z.object({ id: z.string(), name: z.string() });

/** Millionths of the operator's currency throughout, as integers. */
const periodSchema = z.object({
  /** Null: no limit. */
  limit_micros: z.int().nullable(),
  /** Of the ledger, with its corrections. */
  spent_micros: z.int(),
  /** When it begins anew. */
  ends_at: wireDateSchema,
});

/** Ours: what an account, or one of its tokens, may spend and ask for. */
export const budgetSchema = z.object({
  account: z.string(),
  /** Null: the account's own. */
  token: tokenOfBudgetSchema.extend({ hint: z.string() }).nullable(),
  day: periodSchema,
  month: periodSchema,
  /** Set aside for what has not ended; it counts against both. */
  held_micros: z.int(),
  /** Unfinished predictions and trainings. Null: no limit; an account's is its `max_in_flight`. */
  max_in_flight: z.int().nullable(),
  in_flight: z.int(),
  /** Creations of predictions and trainings a minute; null: the installation's. */
  creates_per_minute: z.int().nullable(),
});
export type WireBudget = z.infer<typeof budgetSchema>;

/** Beyond these a limit is a slip of the hand. */
const MAX_LIMIT_MICROS = 1_000_000_000_000_000;
const MAX_COUNT = 1_000_000;

const most = (what: string, min: number, max: number) =>
  z
    .int({ error: `must be a whole number of ${what}, or null for no limit` })
    .min(min, { error: `must be at least ${min}, or null for no limit` })
    .max(max, { error: `must be at most ${max}, or null for no limit` })
    .nullable()
    .optional();

const accountFields = {
  day_micros: most('millionths of the currency', 0, MAX_LIMIT_MICROS),
  month_micros: most('millionths of the currency', 0, MAX_LIMIT_MICROS),
  creates_per_minute: most('creations a minute', 1, MAX_COUNT),
};
/** What is left out stays as it is. */
export const accountBudgetBodySchema = z.strictObject(accountFields);
export const tokenBudgetBodySchema = z.strictObject({
  ...accountFields,
  max_in_flight: most('predictions', 1, MAX_COUNT),
});
export type AccountBudgetBody = z.input<typeof accountBudgetBodySchema>;
export type TokenBudgetBody = z.input<typeof tokenBudgetBodySchema>;

/** Of a 402: whose budget has no room for the prediction, and until when. */
export const exceededBudgetSchema = z.object({
  account: z.string(),
  token: tokenOfBudgetSchema.nullable(),
  period: z.enum(['day', 'month']),
  limit_micros: z.int(),
  spent_micros: z.int(),
  held_micros: z.int(),
  needed_micros: z.int(),
  ends_at: wireDateSchema,
});

/** When the UTC day or month of an instant (epoch milliseconds) ends, as the API writes instants. */
export function periodEnd(period: 'day' | 'month', at: number): string {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return new Date(
    period === 'day' ? Date.UTC(year, month, date.getUTCDate() + 1) : Date.UTC(year, month + 1, 1),
  ).toISOString();
}
