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
