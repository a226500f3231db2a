import { z } from 'zod';
import { lineSchema } from './page.ts';

/** What a verification has looked at so far. */
const countsSchema = z.object({
  /** Those that have ended. */
  predictions: z.int(),
  /** Of runs. */
  records: z.int(),
  corrections: z.int(),
  chains: z.int(),
  links: z.int(),
  /** So new that they have no link yet. */
  unsealed: z.int(),
  /** Runs that started before prices were noted, whose price nothing says. */
  unpriced: z.int(),
});
export type WireLedgerCounts = z.infer<typeof countsSchema>;

const differenceSchema = z.object({
  /** In a word, such as `not-billed` or `changed`; the usage guide lists them. */
  kind: z.string(),
  /** Username, or id where the account is gone; null where it is of all. */
  account: z.string().nullable(),
  prediction: z.string().nullable(),
  record: z.string().nullable(),
  /** What was looked at, such as `cost_micros`. */
  what: z.string(),
  expected: z.union([z.string(), z.number()]).nullable(),
  found: z.union([z.string(), z.number()]).nullable(),
});
export type WireLedgerDifference = z.infer<typeof differenceSchema>;

/** One line of `GET /v1/usage/verify`. Only the last one is `done`: without it, the verification was cut off. */
export const verifiedLineSchema = z.object({
  done: z.boolean(),
  checked: countsSchema,
  /** Those that were found since the line before. */
  differences: z.array(differenceSchema),
});
export type WireVerifiedLine = z.infer<typeof verifiedLineSchema>;

/** `account`: a username; left out, all. */
export const verifyQuerySchema = z.object({ account: lineSchema(200).optional() });

/** More than this in millionths is a slip of the hand. */
const MAX_CORRECTION_MICROS = 1_000_000_000_000_000;

/** A record that adds an amount to what a prediction cost; below 0 it gives back. */
export const correctionBodySchema = z.strictObject({
  prediction: lineSchema(64),
  cost_micros: z
    .int()
    .min(-MAX_CORRECTION_MICROS)
    .max(MAX_CORRECTION_MICROS)
    .refine((micros) => micros !== 0, { error: 'must not be 0' }),
  reason: lineSchema(500),
  /** Makes a repeat harmless: the same key of the same prediction is one correction. */
  key: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,49}$/, {
      error: 'must begin with a letter and hold lower-case letters, digits and "-", at most 50',
    })
    .optional(),
});
export type CorrectionBody = z.input<typeof correctionBodySchema>;

export const EXPORT_FORMATS = ['csv', 'cloudevents'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Sealed records with `at` in [from, to), in the order of their sequence, those behind `after`. */
export const exportQuerySchema = z.object({
  format: z.enum(EXPORT_FORMATS).default('cloudevents'),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  account: lineSchema(200).optional(),
  after: z
    .string()
    .regex(/^\d{1,15}$/, { error: 'must be the sequence of a record' })
    .optional(),
});

/**
 * One record as CloudEvents 1.0 has it. Who receives an id of a source a second time is to take it for the first.
 * `sequence`: the extension of that name.
 */
export interface UsageEvent {
  readonly specversion: '1.0';
  /** The record's. */
  readonly id: string;
  /** The installation, under whatever address it is reached. */
  readonly source: string;
  readonly type: 'hearth.usage';
  /** Username. */
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly sequence: string;
  readonly data: {
    readonly kind: 'run' | 'correction';
    readonly prediction: string;
    readonly model: string;
    readonly version: string;
    readonly deployment: string;
    readonly hardware: string;
    readonly status: string | null;
    readonly predict_seconds: number;
    readonly predict_microseconds: number;
    readonly price_micros_per_second: number;
    readonly cost: number;
    readonly cost_micros: number;
    readonly corrects: string | null;
    readonly reason: string | null;
  };
}
