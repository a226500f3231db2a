import { z } from 'zod';
import { accountSchema } from './account.ts';
import { lineSchema } from './page.ts';
import { SCOPES } from './scope.ts';

/** Ours: who is signed in at the web UI. The session itself is a cookie that pages cannot read. */
export const sessionSchema = z.object({
  /** Null: nobody. */
  account: accountSchema.nullable(),
  /** What the token that it began with may do, and whose it is. */
  power: z.object({ scope: z.enum(SCOPES), operator: z.boolean(), member: z.string() }).nullable(),
  /** What the API's absolute URLs begin with. */
  public_url: z.string(),
});
export type WireSession = z.infer<typeof sessionSchema>;

export const sessionBodySchema = z.strictObject({ token: lineSchema(200) });
