import { createReadStream } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupTable, type Dump, openDump } from '@hearth/store';
import { type ArchiveWriter, writeArchive } from './archive.ts';
import {
  asJson,
  DATA,
  FILES_FOLDER,
  HEADER,
  type Header,
  isBlobPath,
  KEPT_FILES,
  MANIFEST,
  type Manifest,
  tableEntry,
} from './format.ts';

/** tar wants to know sizes in advance, and a table's is not known: it goes in pieces of this size. */
const PIECE_BYTES = 4 * 1024 * 1024;

export interface Making {
  readonly databaseUrl: string;
  readonly dataFolder: string;
  readonly files: Header['files'];
  readonly path: string;
  /** ISO 8601. */
  readonly madeAt: string;
}

export interface Made extends Manifest {
  readonly schema: string;
}

/**
 * Writes everything of a Hearth into one archive, also while it runs: the tables as they were at one instant, then the
 * files that they speak of, which never change. One that is removed meanwhile was due to be.
 */
export async function makeBackup({ databaseUrl, dataFolder, files, path, madeAt }: Making): Promise<Made> {
  const dump = await openDump(databaseUrl);
  const archive = await writeArchive(path).catch(async (error: unknown) => {
    await dump.close();
    throw error;
  });
  try {
    const { schema, tables, sequences } = dump;
    await archive.add(
      HEADER,
      asJson({ format: 1, madeAt, schema, tables: tables.map(asPlain), sequences: [...sequences], files }),
    );
    const rows: Record<string, number> = {};
    for (const table of tables) rows[table.name] = await addTable(archive, dump, table);
    for (const name of KEPT_FILES) {
      const bytes = await readIfThere(join(dataFolder, name));
      if (bytes !== null) await archive.add(`${DATA}${name}`, bytes);
    }
    const count = files === 'included' ? await addFiles(archive, dataFolder) : 0;
    const manifest = { rows, files: count, sha256: archive.digest() };
    await archive.add(MANIFEST, asJson(manifest));
    await archive.finish();
    return { ...manifest, schema };
  } catch (error) {
    await archive.abandon();
    throw error;
  } finally {
    await dump.close();
  }
}

const asPlain = ({ name, columns }: BackupTable) => ({ name, columns: [...columns] });

/** Answers how many rows there are. */
async function addTable(archive: ArchiveWriter, dump: Dump, table: BackupTable): Promise<number> {
  const count = await dump.count(table);
  let piece = 0;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const flush = async (): Promise<void> => {
    if (heldBytes === 0) return;
    await archive.add(tableEntry(table.name, piece), Buffer.concat(held));
    piece += 1;
    held = [];
    heldBytes = 0;
  };
  for await (const chunk of dump.copy(table) as AsyncIterable<Buffer>) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes >= PIECE_BYTES) await flush();
  }
  await flush();
  return count;
}

async function addFiles(archive: ArchiveWriter, dataFolder: string): Promise<number> {
  let count = 0;
  for await (const path of filesBelow(dataFolder, FILES_FOLDER)) {
    if (!isBlobPath(path)) continue;
    const stats = await ifThere(stat(join(dataFolder, path)));
    if (stats === null) continue;
    await archive.addStream(path, stats.size, createReadStream(join(dataFolder, path)));
    count += 1;
  }
  return count;
}

async function* filesBelow(root: string, folder: string): AsyncGenerator<string> {
  const entries = await ifThere(opendir(join(root, folder)));
  if (entries === null) return;
  for await (const entry of entries) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else if (entry.isFile()) yield path;
  }
}

const readIfThere = (path: string): Promise<Buffer | null> => ifThere(readFile(path));

/** Null where there is no such file (any more). */
async function ifThere<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
