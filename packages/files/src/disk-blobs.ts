import { createWriteStream, mkdirSync, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, opendir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newSecret } from '@hearth/kit';
import { assertBlobId, BlobMissing, isBlobId } from './blob-errors.ts';
import { createMeter } from './meter.ts';
import type { Blobs, ListedBlob } from './port.ts';

const INCOMING = 'incoming';

/**
 * Blobs as files in a folder: `<folder>/<last two characters of the id>/<id>`. Written beside their place and renamed
 * once they are whole and on disk. (Plain node:fs: flydrive's FSDriver writes in place, so a reader could see half a
 * file, and it reads no ranges.)
 */
export function createDiskBlobs(folder: string): Blobs {
  const incoming = join(folder, INCOMING);
  mkdirSync(incoming, { recursive: true });
  const placeOf = (id: string): { shelf: string; path: string } => {
    assertBlobId(id);
    // Time-sorted ids begin alike; their ends are random and spread evenly.
    const shelf = join(folder, id.slice(-2));
    return { shelf, path: join(shelf, id) };
  };

  return {
    async put(id, content, { maxBytes }) {
      const { shelf, path } = placeOf(id);
      const draft = join(incoming, `${id}.${newSecret(9)}`);
      try {
        const meter = createMeter(id, maxBytes);
        // Piped in this same tick: a sender that goes away before it is listened to would end the process.
        const source = content instanceof Readable ? content : Readable.from([content]);
        await pipeline(source, meter.stream, createWriteStream(draft, { flags: 'wx', flush: true }));
        await mkdir(shelf, { recursive: true });
        await rename(draft, path);
        return meter.facts();
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
    },

    async get(id, range) {
      const handle = await openBlob(id, placeOf(id).path);
      return handle.createReadStream(range && { start: range.start, end: range.end });
    },

    async remove(id) {
      await rm(placeOf(id).path, { force: true });
    },

    list: () => listed(folder),

    async removeDrafts(before) {
      let removed = 0;
      for await (const { name } of await opendir(incoming)) {
        const draft = join(incoming, name);
        const stats = await statOrNull(draft);
        if (stats === null || stats.mtimeMs >= before) continue;
        await rm(draft, { force: true });
        removed++;
      }
      return removed;
    },
  };
}

async function* listed(folder: string): AsyncGenerator<ListedBlob> {
  for await (const shelf of await opendir(folder)) {
    if (!shelf.isDirectory() || shelf.name === INCOMING) continue;
    for await (const { name } of await opendir(join(folder, shelf.name))) {
      const stats = isBlobId(name) ? await statOrNull(join(folder, shelf.name, name)) : null;
      if (stats) yield { id: name, writtenAt: stats.mtimeMs };
    }
  }
}

/** Null for what is gone by the time it is looked at. */
const statOrNull = (path: string): Promise<Stats | null> =>
  stat(path).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });

async function openBlob(id: string, path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    if (isMissing(error)) throw new BlobMissing(id);
    throw error;
  }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';
