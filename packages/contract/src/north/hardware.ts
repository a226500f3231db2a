import { z } from 'zod';
import { keptInstantSchema, lineSchema, wireDateSchema } from './page.ts';

/** Replicate's two fields, and what ours says beside them. */
export const hardwareSchema = z.object({
  name: z.string(),
  sku: z.string(),
  gpus: z.int(),
  /** Memory of one GPU that an instance shares with others; 0: none, or whole GPUs. */
  gpu_share_mib: z.int(),
  gpu_type: z.string().nullable(),
  vram_mib: z.int(),
  cpus: z.number(),
  memory_mib: z.int(),
  labels: z.record(z.string(), z.string()),
  fallback: z.array(z.string()),
  price_micros_per_second: z.int(),
});
export type WireHardware = z.infer<typeof hardwareSchema>;

/** 2 PiB: what the column holds, and more than there is. */
const MAX_MIB = 2_147_483_647;
/** A thousand of the currency a second. Beyond it, what a run of a month costs is no number that everybody reads alike. */
const MAX_PRICE_MICROS = 1_000_000_000;

/** Ours: makes or replaces a SKU. Prices are millionths of the operator's currency. */
const skuSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,63}$/, { error: 'must be lower-case letters, digits, "-" and "."' });

export const hardwareBodySchema = z.strictObject({
  sku: skuSchema,
  name: lineSchema(200),
  /** Whole ones. */
  gpus: z.int().min(0).max(64),
  /** Memory of one GPU that an instance shares with others; `gpus` is 0 then. */
  gpu_share_mib: z.int().min(0).max(MAX_MIB).default(0),
  /** Words that the name of a GPU must hold, such as `A100 80GB`; null: any GPU. */
  gpu_type: lineSchema(100)
    .regex(/[a-z0-9]/i, { error: 'must hold a letter or a digit' })
    .nullable()
    .default(null),
  /** Of each GPU. */
  vram_mib: z.int().min(0).max(MAX_MIB).default(0),
  /** 0: no limit. */
  cpus: z.number().min(0).default(0),
  memory_mib: z.int().min(1).max(MAX_MIB),
  /** What its hosts must be labelled with. */
  labels: z.record(lineSchema(63), lineSchema(200)).default({}),
  /** SKUs to take, in this order, where this one has no room now. */
  fallback: z.array(skuSchema).max(16).default([]),
  price_micros_per_second: z
    .int()
    .min(0)
    .max(MAX_PRICE_MICROS, { error: `must be at most ${MAX_PRICE_MICROS}` }),
  /** From when on that is the price; left out, as soon as everybody who bills can know it. */
  price_from: keptInstantSchema.optional(),
});
export type HardwareBody = z.input<typeof hardwareBodySchema>;

/** Ours: a price that was set. Of a SKU, the newest whose time has come is in force. */
export const hardwarePriceSchema = z.object({
  price_micros_per_second: z.int(),
  /** The first price of a SKU holds from ever on: 1970. */
  from: wireDateSchema,
  set_at: wireDateSchema,
  /** Username; null: the platform itself. */
  set_by: z.string().nullable(),
});
export type WireHardwarePrice = z.infer<typeof hardwarePriceSchema>;
