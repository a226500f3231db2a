import { z } from 'zod';
import { wireDateSchema } from './page.ts';

/** Ours: one billed interval. Costs are millionths of the operator's currency. */
export const usageRecordSchema = z.object({
  id: z.string(),
  prediction: z.string(),
  model: z.string(),
  version: z.string(),
  hardware: z.string(),
  status: z.enum(['succeeded', 'failed', 'canceled']),
  predict_microseconds: z.int(),
  price_micros_per_second: z.int(),
  cost_micros: z.int(),
  at: wireDateSchema,
});
export type WireUsageRecord = z.infer<typeof usageRecordSchema>;

export const USAGE_GROUPS = ['model', 'deployment', 'account', 'token', 'day'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

const usageTotalSchema = z.object({
  /** `2026-01-31` in UTC; null unless each day was asked for. */
  day: z.string().nullable(),
  /** Of a token its id, empty where it is not known. */
  key: z.string(),
  /** What the key is called. */
  name: z.string(),
  predictions: z.int(),
  predict_microseconds: z.int(),
  cost_micros: z.int(),
});
export const usageTotalsSchema = z.object({ by: z.enum(USAGE_GROUPS), results: z.array(usageTotalSchema) });
export type WireUsageTotal = z.infer<typeof usageTotalSchema>;
export type WireUsageTotals = z.infer<typeof usageTotalsSchema>;

const range = {
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
};

/** With `by`: totals over [from, to), of each day by itself with `daily=true`. Without: records, newest first. */
export const usageQuerySchema = z.object({
  by: z.enum(USAGE_GROUPS).optional(),
  daily: z.enum(['true', 'false']).optional(),
  ...range,
  cursor: z.string().optional(),
});

/** The totals of each day as a table. */
export const usageCsvQuerySchema = z.object({ by: z.enum(USAGE_GROUPS), ...range });
