import { z } from 'zod';
import { accountSchema } from './account.ts';
import { lineSchema } from './page.ts';

/** Ours: who is signed in at the web UI. The session itself is a cookie that pages cannot read. */
export const sessionSchema = z.object({
  /** Null: nobody. */
  account: accountSchema.nullable(),
  role: z.enum(['admin', 'member']).nullable(),
  /** What the API's absolute URLs begin with. */
  public_url: z.string(),
});
export type WireSession = z.infer<typeof sessionSchema>;

export const sessionBodySchema = z.strictObject({ token: lineSchema(200) });
