import { z } from 'zod';
import { wireDateSchema } from './page.ts';

export const fileSchema = z.object({
  id: z.string(),
  name: z.string(),
  content_type: z.string(),
  size: z.int(),
  /** MD5, hex. */
  etag: z.string(),
  checksums: z.object({ sha256: z.string(), md5: z.string() }),
  metadata: z.record(z.string(), z.unknown()),
  created_at: wireDateSchema,
  expires_at: wireDateSchema.optional(),
  /** `get` is what an `input` takes; `download` (ours) gives the bytes to whoever has it. */
  urls: z.object({ get: z.string(), download: z.string() }),
});
export type WireFile = z.infer<typeof fileSchema>;

/** Given twice is as good as not given: whatever is wrong with a download URL, there is no file (contract §4.2). */
const given = z.string().optional().catch(undefined);
export const downloadQuerySchema = z.object({ owner: given, expiry: given, signature: given });
