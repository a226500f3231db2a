import { z } from 'zod';
import { wireDateSchema } from './page.ts';

/** In the order in which a prediction goes through them; those between the first and the last are phases of a boot. */
export const PREDICTION_STEPS = ['queued', 'place', 'pull', 'create', 'start', 'setup', 'running'] as const;

/** Ours: where the time of a prediction went. */
export const predictionTimelineSchema = z.object({
  /** Gapless and in order; `to` is null of the last one, while it lasts. */
  steps: z.array(z.object({ step: z.enum(PREDICTION_STEPS), from: wireDateSchema, to: wireDateSchema.nullable() })),
  /** Tries begun, and those of them whose instance was lost. */
  attempts: z.int(),
  lost_attempts: z.int(),
  /** What it runs or ran on, or the instance that it waits for; null where there is none. */
  instance: z.object({ id: z.string(), host: z.string(), hardware: z.string() }).nullable(),
});
export type WirePredictionTimeline = z.infer<typeof predictionTimelineSchema>;
