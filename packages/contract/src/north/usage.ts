import { z } from 'zod';
import { wireDateSchema } from './page.ts';

/** Ours: one record of the ledger: what a run cost, or a correction of that. Costs are millionths of the operator's currency. */
export const usageRecordSchema = z.object({
  /** Of a run the prediction's id, of a correction that with a dot and a key or number. */
  id: z.string(),
  kind: z.enum(['run', 'correction']),
  prediction: z.string(),
  model: z.string(),
  version: z.string(),
  hardware: z.string(),
  /** Null of a correction, as its run time and its price are 0. */
  status: z.enum(['succeeded', 'failed', 'canceled']).nullable(),
  predict_microseconds: z.int(),
  price_micros_per_second: z.int(),
  /** Of a correction below 0 where something is given back. */
  cost_micros: z.int(),
  at: wireDateSchema,
  /** The record that a correction adds its cost to, why, and who made it; null of a run. */
  corrects: z.string().nullable(),
  reason: z.string().nullable(),
  made_by: z.string().nullable(),
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
  /** With the corrections. */
  cost_micros: z.int(),
  /** The part of it that corrections are: those made within the time. */
  correction_micros: z.int(),
});
export const usageTotalsSchema = z.object({ by: z.enum(USAGE_GROUPS), results: z.array(usageTotalSchema) });
export type WireUsageTotal = z.infer<typeof usageTotalSchema>;
export type WireUsageTotals = z.infer<typeof usageTotalsSchema>;

const range = {
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
};

/** Over [from, to). With `by`: totals, of each day by itself with `daily=true`. Without: records, newest first, or those of a `kind`. */
export const usageQuerySchema = z.object({
  by: z.enum(USAGE_GROUPS).optional(),
  daily: z.enum(['true', 'false']).optional(),
  kind: z.enum(['run', 'correction']).optional(),
  ...range,
  cursor: z.string().optional(),
});

/** The totals of each day as a table. */
export const usageCsvQuerySchema = z.object({ by: z.enum(USAGE_GROUPS), ...range });
