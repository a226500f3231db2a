import { z } from 'zod';
import { collectionItemSchema } from './collection.ts';
import { modelSchema } from './model.ts';
import { textSchema } from './page.ts';

const MOST_TEXT = 1_000;

/** Text that a person typed. */
export const searchTextSchema = textSchema(MOST_TEXT);

export const searchQuerySchema = z.object({
  query: searchTextSchema.refine((text) => text.trim() !== '', { error: 'must not be empty' }),
  limit: z
    .string()
    .regex(/^(?:[1-9]|[1-4]\d|50)$/, { error: 'must be a whole number from 1 to 50' })
    .transform(Number)
    .default(20),
});

/** Source: contract §1.12. `pages` are Replicate's own web pages, of which there are none here. */
export const searchSchema = z.object({
  query: z.string(),
  models: z.array(
    z.object({
      model: modelSchema,
      metadata: z.object({
        /** What the model's owner wrote; nothing is generated here. */
        generated_description: z.string(),
        score: z.number(),
        /** Slugs of the collections that it is in. */
        tags: z.array(z.string()),
      }),
    }),
  ),
  collections: z.array(collectionItemSchema.extend({ models: z.array(modelSchema) })),
  pages: z.array(z.object({ name: z.string(), href: z.string() })),
});
export type WireSearch = z.infer<typeof searchSchema>;
