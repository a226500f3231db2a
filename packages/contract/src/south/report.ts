import { z } from 'zod';
import { COG_HEALTH_STATUSES, COG_STATUSES } from './protocol.ts';

const text = z.string().nullish();

/**
 * What a container says about a prediction, in an answer or in a webhook, from any generation. Lenient on purpose:
 * coglet's has no `input` and no times, a webhook of A or B has no `error` and no `metrics` before the end, and keys
 * that nobody here reads are dropped.
 *
 * `status` is the only field that must be there. A sync 422 or 409 is not a report.
 */
export const CogReport = z.object({
  id: text,
  status: z.enum(COG_STATUSES),
  input: z.record(z.string(), z.unknown()).nullish(),
  /** Absent means "says nothing about it"; null means "no output". */
  output: z.unknown().optional(),
  logs: z.string().nullish(),
  error: text,
  created_at: text,
  started_at: text,
  completed_at: text,
  /** `predict_time` in seconds, and whatever the model recorded. */
  metrics: z.record(z.string(), z.unknown()).nullish(),
});
export type CogReport = z.infer<typeof CogReport>;

/** `GET /health-check`. Always answered with 200; only `status` counts. */
export const CogHealth = z.object({
  status: z.enum(COG_HEALTH_STATUSES),
  setup: z
    .object({
      started_at: text,
      completed_at: text,
      /** Everything the setup printed; A and B show it only when setup has ended. */
      logs: z.string().nullish(),
      status: z.enum(['starting', 'succeeded', 'failed']).nullish(),
    })
    .nullish(),
  user_healthcheck_error: text,
});
export type CogHealth = z.infer<typeof CogHealth>;
