import { z } from 'zod';
import { wireDateSchema } from './page.ts';

const spreadSchema = z.object({ count: z.int(), mean: z.number(), p50: z.number(), p90: z.number() });

/** Ours: why a deployment is where it is and what comes next, in sentences. */
export const explanationSchema = z.object({
  /** `owner/name` */
  deployment: z.string(),
  temperature: z.enum(['cold', 'booting', 'warm', 'busy']),
  queue: z.object({ waiting: z.int(), in_flight: z.int(), oldest_waiting_at: wireDateSchema.nullable() }),
  /** How many instances it needs now, and why. */
  needed: z.int(),
  why: z.string(),
  /** What its runs and boots took lately, in seconds; null where that was not measured often enough to go by. */
  measured: z.object({ run_seconds: spreadSchema.nullable(), boot_seconds: spreadSchema.nullable() }),
  instances: z.array(
    z.object({
      id: z.string(),
      host: z.string(),
      state: z.enum(['booting', 'ready', 'draining', 'stopping', 'stopped', 'failed']),
      since: wireDateSchema,
      in_flight: z.int(),
      why: z.string(),
      /** When it goes if nothing else happens; null: not by time. */
      until: wireDateSchema.nullable(),
      /** Whether another deployment that lacks room may take its place before that. */
      evictable: z.boolean(),
    }),
  ),
  /** While instances of earlier releases serve: in a sentence. */
  rollout: z.string().nullable(),
  /** Why it does not get the instances that it lacks, as a word and a sentence. */
  blocked: z.object({ reason: z.string(), detail: z.string() }).nullable(),
  /** In order of time; `at` null: now. */
  next: z.array(z.object({ at: wireDateSchema.nullable(), what: z.string() })),
  /** How long a prediction that came now would wait; null where that is not known. */
  eta_seconds: z.number().nullable(),
});
export type WireExplanation = z.infer<typeof explanationSchema>;
