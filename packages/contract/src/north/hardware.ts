import { z } from 'zod';
import { lineSchema } from './page.ts';

/** Replicate's two fields, and what ours says beside them. */
export const hardwareSchema = z.object({
  name: z.string(),
  sku: z.string(),
  gpus: z.int(),
  vram_mib: z.int(),
  cpus: z.number(),
  memory_mib: z.int(),
  price_micros_per_second: z.int(),
});
export type WireHardware = z.infer<typeof hardwareSchema>;

/** 2 PiB: what the column holds, and more than there is. */
const MAX_MIB = 2_147_483_647;

/** Ours: makes or replaces a SKU. Prices are millionths of the operator's currency. */
export const hardwareBodySchema = z.strictObject({
  sku: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, { error: 'must be lower-case letters, digits, "-" and "."' }),
  name: lineSchema(200),
  gpus: z.int().min(0).max(64),
  /** Of each GPU. */
  vram_mib: z.int().min(0).max(MAX_MIB).default(0),
  /** 0: no limit. */
  cpus: z.number().min(0).default(0),
  memory_mib: z.int().min(1).max(MAX_MIB),
  price_micros_per_second: z.int().min(0),
});
export type HardwareBody = z.input<typeof hardwareBodySchema>;
