import { z } from 'zod';
import { lineSchema, wireDateSchema } from './page.ts';

export const accountSchema = z.object({
  type: z.enum(['user', 'organization']),
  username: z.string(),
  name: z.string(),
  github_url: z.string().optional(),
  avatar_url: z.string().optional(),
});
export type WireAccount = z.infer<typeof accountSchema>;

/** Owners, models and deployments are named like this on Replicate. */
const NAME_RULE = 'lower-case letters, digits, "-", "_" and ".", beginning with a letter or digit, at most 100';
export const nameSchema = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,99}$/, { error: `must be ${NAME_RULE}` });

/** Ours. The token itself is shown once, when it is made. */
export const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  username: z.string(),
  role: z.enum(['admin', 'member']),
  /** The last four characters. */
  hint: z.string(),
  created_at: wireDateSchema,
});
export type WireToken = z.infer<typeof tokenSchema>;
export const newTokenSchema = tokenSchema.extend({ token: z.string() });
export type WireNewToken = z.infer<typeof newTokenSchema>;

/** `username`: made where it does not exist; left out, the account of the token that asks. */
export const tokenBodySchema = z.strictObject({
  name: lineSchema(100),
  username: nameSchema.optional(),
  role: z.enum(['admin', 'member']).default('member'),
});
