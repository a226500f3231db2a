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
