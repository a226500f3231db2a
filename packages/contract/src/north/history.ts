import { z } from 'zod';
import { wireDateSchema } from './page.ts';

/** Ours: what there was, for timelines and charts. */

const rangeQuerySchema = z.object({
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
});

const lifeSpanSchema = z.object({
  what: z.enum(['booting', 'idle', 'busy', 'draining', 'stopping']),
  /** Of a boot: which part of it. */
  phase: z.string().nullable(),
  from: wireDateSchema,
  until: wireDateSchema,
});
export type WireLifeSpan = z.infer<typeof lifeSpanSchema>;

const instanceLifeSchema = z.object({
  id: z.string(),
  /** `owner/name`; null where it was deleted since. */
  deployment: z.string().nullable(),
  model: z.string().nullable(),
  version: z.string(),
  hardware: z.string(),
  host: z.string(),
  devices: z.array(z.string()),
  state: z.enum(['booting', 'ready', 'draining', 'stopping', 'stopped', 'failed']),
  /** Why it was booted, or why it left. */
  reason: z.string(),
  failure: z.string().nullable(),
  created_at: wireDateSchema,
  /** Null while it lives. */
  ended_at: wireDateSchema.nullable(),
  /** From its beginning to its end or to now, in order and without a gap. */
  spans: z.array(lifeSpanSchema),
});
export type WireInstanceLife = z.infer<typeof instanceLifeSchema>;

/** Of one deployment (`owner/name`), or of all. Left out, the range is the last hour. */
export const livesQuerySchema = rangeQuerySchema.extend({ deployment: z.string().optional() });
export const livesSchema = z.object({
  from: wireDateSchema,
  to: wireDateSchema,
  /** Newest first, at most 500. */
  results: z.array(instanceLifeSchema),
});
export type WireLives = z.infer<typeof livesSchema>;

const quantilesSchema = z.object({ p50: z.number(), p95: z.number() });
export const metricsQuerySchema = rangeQuerySchema;
export const metricsSchema = z.object({
  from: wireDateSchema,
  to: wireDateSchema,
  step_seconds: z.int(),
  results: z.array(
    z.object({
      at: wireDateSchema,
      /** Predictions that ended in this step, by how they did. */
      succeeded: z.int(),
      failed: z.int(),
      canceled: z.int(),
      /** Of those that ran; null of none. */
      run_seconds: quantilesSchema.nullable(),
      wait_seconds: quantilesSchema.nullable(),
      /** The most that waited at once. */
      queue_peak: z.int(),
    }),
  ),
});
export type WireMetrics = z.infer<typeof metricsSchema>;

const instanceTimeSchema = z.object({
  booting: z.number(),
  busy: z.number(),
  idle: z.number(),
  leaving: z.number(),
});

/** What the instances of a deployment did with a day. Costs are millionths of the operator's currency. */
const deploymentDaySchema = z.object({
  /** `2026-01-31`, in UTC. */
  day: z.string(),
  deployment: z.string().nullable(),
  model: z.string().nullable(),
  /** Seconds of all its instances together. */
  instance_seconds: instanceTimeSchema,
  /** The same, each as often as it holds GPUs; a share counts as the part that it is. */
  gpu_seconds: instanceTimeSchema,
  predictions: z.int(),
  /** What was billed: run time alone. */
  billed_seconds: z.number(),
  billed_gpu_seconds: z.number(),
  cost_micros: z.int(),
  /** What idle and booting instances would have brought, at the price of their hardware. */
  idle_micros: z.int(),
  booting_micros: z.int(),
});
export type WireDeploymentDay = z.infer<typeof deploymentDaySchema>;
export const instanceUsageQuerySchema = rangeQuerySchema;
export const instanceUsageSchema = z.object({ results: z.array(deploymentDaySchema) });
export type WireInstanceUsage = z.infer<typeof instanceUsageSchema>;

/** `seconds`: from now on; 0 ends it. */
export const warmBodySchema = z
  .strictObject({
    seconds: z.int().min(0, { error: 'must be at least 0' }).max(86_400, { error: 'must be at most 86400, a day' }),
  })
  .partial()
  .nullish();
export const warmedSchema = z.object({ deployment: z.string(), warm_until: wireDateSchema.nullable() });
export type WireWarmed = z.infer<typeof warmedSchema>;
