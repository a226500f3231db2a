import { z } from 'zod';

/** The first entry: what is needed to read the rest. */
export const headerSchema = z.object({
  format: z.literal(1),
  madeAt: z.string(),
  /** The newest migration of the database. */
  schema: z.string(),
  /** In an order in which they can be filled. */
  tables: z.array(z.object({ name: z.string(), columns: z.array(z.string()) })),
  sequences: z.array(z.object({ name: z.string(), value: z.string().nullable() })),
  /** Where the files are that rows speak of: in this archive, or still in a bucket. */
  files: z.enum(['included', 's3', 'left out']),
});
export type Header = z.infer<typeof headerSchema>;

/** The last entry: what there must have been before it. An archive without it was cut off. */
export const manifestSchema = z.object({
  rows: z.record(z.string(), z.int()),
  files: z.int(),
  sha256: z.string(),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const HEADER = 'hearth-backup.json';
export const MANIFEST = 'manifest.json';
/** Pieces of a table follow each other; a file of the data folder keeps its path. */
export const tableEntry = (table: string, piece: number): string =>
  `${tablePrefix(table)}${String(piece).padStart(6, '0')}`;
export const tablePrefix = (table: string): string => `tables/${table}/`;
export const DATA = 'data/';
/** What the servers keep in the data folder beside stores and files, and what cannot be made anew. */
export const KEPT_FILES = ['secret.key'];
export const FILES_FOLDER = 'files';
/** Blobs: a shelf and an id. What is still on its way in lies elsewhere. */
export const isBlobPath = (path: string): boolean => /^files\/[\w-]{2}\/[\w-]{3,128}$/.test(path);

export const asJson = (value: Header | Manifest): Buffer => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
