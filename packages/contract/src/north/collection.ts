import { z } from 'zod';
import { nameSchema } from './account.ts';
import { modelSchema } from './model.ts';
import { lineSchema, textSchema } from './page.ts';

/** As a list has it. Source: contract §1.12. */
export const collectionItemSchema = z.object({ name: z.string(), slug: z.string(), description: z.string() });
export type WireCollectionItem = z.infer<typeof collectionItemSchema>;

export const collectionSchema = collectionItemSchema.extend({
  full_description: z.string().nullable(),
  models: z.array(modelSchema),
});
export type WireCollection = z.infer<typeof collectionSchema>;

/** A part of a URL, like a model's name. */
export const slugSchema = nameSchema;

/** Ours. `models`: `owner/name` of each, in the order that they are shown. */
export const collectionBodySchema = z.strictObject({
  name: lineSchema(100),
  description: textSchema(1_000),
  full_description: textSchema(100_000).nullish(),
  models: z.array(lineSchema(201)).max(1_000),
});
export type CollectionBody = z.input<typeof collectionBodySchema>;
