import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Load, openLoad } from '@hearth/store';
import type { z } from 'zod';
import { UsageError } from '../connect.ts';
import { jsonOrNull } from '../json.ts';
import { ArchiveBroken, type ArchiveReader, readArchive } from './archive.ts';
import {
  DATA,
  FILES_FOLDER,
  HEADER,
  type Header,
  headerSchema,
  isBlobPath,
  KEPT_FILES,
  MANIFEST,
  type Manifest,
  manifestSchema,
  tablePrefix,
} from './format.ts';

export interface Restoring {
  readonly path: string;
  readonly databaseUrl: string;
  readonly dataFolder: string;
  /** The original is gone for good. */
  readonly takeOver: boolean;
}

export interface Restored extends Manifest {
  readonly header: Header;
}

/** Where files are put until all of the archive has been read and found whole. */
const DRAFT = 'restoring';

/** All of an archive or nothing. @throws UsageError where it is broken; CannotLoad where the database has data */
export async function restoreBackup({ path, databaseUrl, dataFolder, takeOver }: Restoring): Promise<Restored> {
  await needNoFiles(dataFolder);
  const draft = join(dataFolder, DRAFT);
  await rm(draft, { recursive: true, force: true });
  const archive = await readArchive(path).catch(inWords(path));
  let load: Load | null = null;
  try {
    const header = await take(archive, HEADER, headerSchema, path);
    load = await openLoad({ ...header, url: databaseUrl, takeOver });
    const found = await readAll(archive, header, load, draft).catch(inWords(path));
    const sha256 = archive.digest();
    const manifest = await take(archive, MANIFEST, manifestSchema, path);
    checkWhole(manifest, { ...found, sha256 }, path);
    await keep(draft, dataFolder);
    await load.commit();
    load = null;
    return { ...manifest, header };
  } finally {
    archive.close();
    await load?.abandon();
    await rm(draft, { recursive: true, force: true });
  }
}

async function needNoFiles(dataFolder: string): Promise<void> {
  const there = await readdir(join(dataFolder, FILES_FOLDER)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  if (there.length > 0)
    throw new UsageError(`${join(dataFolder, FILES_FOLDER)} has files already. Restore into an empty data folder.`);
}

async function readAll(
  archive: ArchiveReader,
  { tables }: Header,
  load: Load,
  draft: string,
): Promise<Omit<Manifest, 'sha256'>> {
  const rows: Record<string, number> = {};
  for (const table of tables)
    rows[table.name] = await load.copy(table, Readable.from(piecesOf(archive, tablePrefix(table.name))));
  let files = 0;
  for (let { name } = archive; name !== null && name !== MANIFEST; { name } = archive) {
    const isKept = KEPT_FILES.some((kept) => name === `${DATA}${kept}`);
    if (!isKept && !isBlobPath(name)) throw new UsageError(`The archive holds "${name}", which no backup has.`);
    const target = join(draft, isKept ? name.slice(DATA.length) : name);
    await mkdir(dirname(target), { recursive: true });
    await pipeline(archive.take(), createWriteStream(target, { mode: isKept ? 0o600 : 0o644, flush: true }));
    if (!isKept) files += 1;
  }
  return { rows, files };
}

async function* piecesOf(archive: ArchiveReader, prefix: string): AsyncGenerator<Buffer> {
  const isNext = (): boolean => archive.name?.startsWith(prefix) === true;
  while (isNext()) yield* archive.take();
}

async function take<T>(archive: ArchiveReader, name: string, schema: z.ZodType<T>, path: string): Promise<T> {
  if (archive.name !== name) throw broken(path, `it has ${archive.name ?? 'nothing'} where ${name} belongs`);
  const chunks: Buffer[] = [];
  for await (const chunk of archive.take()) chunks.push(chunk);
  const parsed = schema.safeParse(jsonOrNull(Buffer.concat(chunks).toString('utf8')));
  if (!parsed.success) throw broken(path, `its ${name} cannot be read`);
  return parsed.data;
}

function checkWhole(manifest: Manifest, found: Manifest, path: string): void {
  if (manifest.sha256 !== found.sha256) throw broken(path, 'its checksum is another than it says');
  if (manifest.files !== found.files) throw broken(path, `it has ${found.files} files and says ${manifest.files}`);
  for (const [table, count] of Object.entries(manifest.rows))
    if (found.rows[table] !== count)
      throw broken(path, `it has ${found.rows[table] ?? 0} rows of ${table} and says ${count}`);
}

/** Moves what was read to its place. */
async function keep(draft: string, dataFolder: string): Promise<void> {
  await mkdir(join(draft, FILES_FOLDER), { recursive: true });
  await rm(join(dataFolder, FILES_FOLDER), { recursive: true, force: true });
  for (const name of await readdir(draft)) await rename(join(draft, name), join(dataFolder, name));
}

const inWords = (path: string) => (error: unknown) => {
  throw error instanceof ArchiveBroken ? broken(path, error.message) : error;
};

const broken = (path: string, why: string): UsageError =>
  new UsageError(`${path} is no whole backup: ${why}. Nothing was restored.`);
