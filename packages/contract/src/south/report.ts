import { z } from 'zod';
import { COG_HEALTH_STATUSES, COG_STATUSES } from './protocol.ts';

const text = z.string().nullish();

/** A time in ISO 8601, or in seconds since 1970. */
const time = z.union([z.string(), z.number()]).nullish().catch(null);

/** Python's servers say what the exception said; one of somebody else's own may say more. */
const error = z
  .unknown()
  .transform((said) => (typeof said === 'string' ? said : JSON.stringify(said)))
  .nullish();

const logs = z
  .union([z.string(), z.array(z.string()).transform((lines) => lines.join(''))])
  .nullish()
  .catch(null);

/**
 * What a container says about a prediction, in an answer or in a webhook, from any generation or from a server of
 * somebody's own. Lenient on purpose: coglet's has no `input` and no times, a webhook of A or B has no `error` and no
 * `metrics` before the end, what nobody here reads is dropped, and what only informs may be odd.
 *
 * `status` is the only field that must be there. A sync 422 or 409 is not a report.
 */
export const CogReport = z.object({
  status: z.enum(COG_STATUSES),
  /** Absent means "says nothing about it"; null means "no output". */
  output: z.unknown().optional(),
  logs,
  error,
  started_at: time,
  completed_at: time,
  /** `predict_time` in seconds, and whatever the model recorded. */
  metrics: z.record(z.string(), z.unknown()).nullish().catch(null),
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
