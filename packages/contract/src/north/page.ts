import { z } from 'zod';

/** Replicate's page: newest first; `next` is an absolute URL, to be fetched as it is. Source: contract §1.8. */
export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ next: z.string().nullable(), previous: z.string().nullable(), results: z.array(item) });

export interface WirePage<Item> {
  readonly next: string | null;
  readonly previous: string | null;
  readonly results: Item[];
}

/** Page size is fixed at 100; `cursor` comes from the `next` of the page before. */
export const pageQuerySchema = z.object({ cursor: z.string().optional() });

/** ISO 8601 with milliseconds and Z. */
export const wireDateSchema = z.string();

/** Postgres writes a later year with five digits, and whoever reads the row stumbles over it. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** An instant to be kept. Its offset may carry it into another year. */
export const keptInstantSchema = z.iso
  .datetime({ offset: true, error: 'must be an instant such as 2030-01-31T12:00:00Z' })
  .refine((text) => !(Date.parse(text) > LAST_INSTANT), { error: 'must be before the year 10000 in UTC' });

/** Text that a database column can hold: Postgres has no NUL. */
export const textSchema = (maxLength: number) =>
  z
    .string()
    .max(maxLength)
    .refine((text) => !text.includes('\0'), { error: 'must not hold a NUL character' });

/** The same on one line, not empty. */
export const lineSchema = (maxLength: number) =>
  z
    .string()
    .min(1)
    .max(maxLength)
    .refine((text) => !/[\0\r\n]/.test(text), { error: 'must be a single line' });
