import { z } from 'zod';
import { keptInstantSchema, lineSchema, wireDateSchema } from './page.ts';
import { SCOPES } from './scope.ts';

export const accountSchema = z.object({
  type: z.enum(['user', 'organization']),
  username: z.string(),
  name: z.string(),
  github_url: z.string().optional(),
  avatar_url: z.string().optional(),
});
export type WireAccount = z.infer<typeof accountSchema>;

/** Ours, for operators: an account with its share of the fleet, and what it asks for now. */
export const accountShareSchema = z.object({
  type: z.enum(['user', 'organization']),
  username: z.string(),
  name: z.string(),
  /** Its share where others want the same, relative to theirs; 1 unless it was changed. */
  weight: z.number(),
  /** Predictions that it may have queued or running at a time, over all deployments; null: any number. */
  max_in_flight: z.int().nullable(),
  /** Predictions in queues. */
  waiting: z.int(),
  /** Predictions that wait for others of the account to end, for `max_in_flight`. */
  held: z.int(),
  in_flight: z.int(),
  created_at: wireDateSchema,
});
export type WireAccountShare = z.infer<typeof accountShareSchema>;

/** What is left out stays as it is. */
export const accountPatchSchema = z.strictObject({
  weight: z.number().min(0.1, { error: 'must be at least 0.1' }).max(100, { error: 'must be at most 100' }).optional(),
  max_in_flight: z
    .int({ error: 'must be a whole number, or null for no limit' })
    .min(1, { error: 'must be at least 1, or null for no limit' })
    .max(1_000_000, { error: 'must be at most 1000000, or null for no limit' })
    .nullable()
    .optional(),
});
export type AccountPatch = z.input<typeof accountPatchSchema>;

/** Owners, models and deployments are named like this on Replicate. */
const NAME_RULE = 'lower-case letters, digits, "-", "_" and ".", beginning with a letter or digit, at most 100';
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, { error: `must be ${NAME_RULE}` });

/** Ours. The token itself is shown once, when it is made. */
export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  username: z.string(),
  /** The name of the account's member whose it is. */
  member: z.string(),
  /** What it may do; see `NEEDS`. */
  scope: z.enum(SCOPES),
  /** Of the installation's operator: it may do so to all accounts. */
  operator: z.boolean(),
  /** The last four characters. */
  hint: z.string(),
  created_at: wireDateSchema,
  /** From then on it is unknown; null: never. */
  expires_at: wireDateSchema.nullable(),
  /** Within a minute or so; null: never. */
  last_used_at: wireDateSchema.nullable(),
});
export type WireToken = z.infer<typeof tokenSchema>;
export const newTokenSchema = tokenSchema.extend({ token: z.string() });
export type WireNewToken = z.infer<typeof newTokenSchema>;

/**
 * `username`: made where it does not exist, by an operator; left out, the account of the token that asks. `member`: left out,
 * who asks, and of another account its first owner.
 */
export const tokenBodySchema = z.strictObject({
  name: lineSchema(100),
  username: nameSchema.optional(),
  member: z.string().optional(),
  scope: z.enum(SCOPES, { error: `must be one of ${SCOPES.join(', ')}` }).default('run'),
  operator: z.boolean().default(false),
  expires_at: keptInstantSchema.optional(),
});
export type TokenBody = z.input<typeof tokenBodySchema>;

const memberRoleSchema = z.enum(['owner', 'member'], { error: 'must be owner or member' });
/** Ours: a person of an account. */
export const memberSchema = z.object({
  name: z.string(),
  /** Owners manage the account; members use it, with the scope `deploy` at most. */
  role: memberRoleSchema,
  created_at: wireDateSchema,
});
export type WireMember = z.infer<typeof memberSchema>;
export const memberBodySchema = z.strictObject({ name: nameSchema, role: memberRoleSchema.default('member') });
export const memberPatchSchema = z.strictObject({ role: memberRoleSchema });

/** `owner`: the name of its first owner; left out, the username. */
export const accountBodySchema = z.strictObject({
  username: nameSchema,
  type: z.enum(['user', 'organization'], { error: 'must be user or organization' }).default('user'),
  name: lineSchema(200).optional(),
  owner: nameSchema.optional(),
});
export type AccountBody = z.input<typeof accountBodySchema>;
