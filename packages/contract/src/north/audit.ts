import { z } from 'zod';
import { pageQuerySchema, wireDateSchema } from './page.ts';

/** Ours: one change that somebody asked for. */
export const auditEntrySchema = z.object({
  id: z.string(),
  at: wireDateSchema,
  /** Such as `models.update`. */
  operation: z.string(),
  /** `unknown`: nobody can say whether the change was made: the API ended or failed in the middle of it, or is at it still. */
  outcome: z.enum(['done', 'refused', 'unknown']),
  /** HTTP status of the answer; null where there was none. */
  status: z.int().nullable(),
  /** Why it was refused. */
  code: z.string().nullable(),
  /** The account of the token that asked, and the member whose it is. */
  account: z.string(),
  member: z.string(),
  /** Null where an operator of another account asked: that is theirs to know. So is `ip`. */
  token: z.object({ id: z.string(), name: z.string() }).nullable(),
  operator: z.boolean(),
  /** `web`: by a session of the web UI. */
  source: z.enum(['api', 'web']),
  ip: z.string().nullable(),
  /** What was changed: `owner/name`, or an id. */
  subject: z.string().nullable(),
  /** The username of whose thing it is; null: the installation's, or it was refused. */
  owner: z.string().nullable(),
  /**
   * What was asked for: fields by dotted path, without secrets and without what a model is given. Null: nothing was said
   * beside the subject, or it was refused before it was read.
   */
  asked: z.record(z.string(), z.unknown()).nullable(),
  /** Fields by dotted path, without secrets. Null: it was not there, or is not any more. */
  changes: z.array(z.object({ field: z.string(), before: z.unknown(), after: z.unknown() })),
});
export type WireAuditEntry = z.infer<typeof auditEntrySchema>;

export const auditQuerySchema = pageQuerySchema.extend({
  /** Left out: the account that asks, and for an operator all. */
  account: z.string().optional(),
  operation: z.string().optional(),
  member: z.string().optional(),
  token: z.string().optional(),
  subject: z.string().optional(),
  outcome: z.enum(['done', 'refused', 'unknown'], { error: 'must be one of done, refused, unknown' }).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
});
export type AuditFilters = Omit<z.input<typeof auditQuerySchema>, 'cursor'>;
