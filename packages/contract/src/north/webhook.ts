import { z } from 'zod';
import { wireDateSchema } from './page.ts';
import { WEBHOOK_EVENTS } from './prediction.ts';

/** What webhooks are signed with: `whsec_` and base64 in the standard alphabet. Source: contract §3. */
export const webhookSecretSchema = z.object({ key: z.string() });
export type WireWebhookSecret = z.infer<typeof webhookSecretSchema>;

const webhookTrySchema = z.object({
  n: z.int(),
  at: wireDateSchema,
  /** What the receiver answered with; null: it did not answer. 200 to 299 is a delivery. */
  status_code: z.int().nullable(),
  /** What went wrong, where the status code does not say it. */
  error: z.string().nullable(),
  /** Null: under way, or cut off by the end of its server. */
  duration_ms: z.int().nullable(),
  /** The beginning of the answer, at most 1 kB. */
  answer: z.string().nullable(),
});

/** Ours: one thing that a webhook was told, or is to be told, and every try at it. */
export const webhookMessageSchema = z.object({
  /** The `webhook-id` that it carries, the same over all tries. */
  id: z.string(),
  event: z.enum(WEBHOOK_EVENTS),
  url: z.string(),
  state: z.enum(['pending', 'delivered', 'failed']),
  created_at: wireDateSchema,
  /** When a pending one is tried next. */
  next_try_at: wireDateSchema.optional(),
  tries: z.array(webhookTrySchema),
});
export type WireWebhookMessage = z.infer<typeof webhookMessageSchema>;
