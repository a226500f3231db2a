import { createHash } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newSecret } from '@hearth/kit';
import type { BlobFacts, Blobs } from './port.ts';

/** More bytes came than were allowed; nothing of them is kept. */
export class BlobTooLarge extends Error {
  override readonly name = 'BlobTooLarge';
  readonly maxBytes: number;

  constructor(id: string, maxBytes: number) {
    super(`blob ${id} is larger than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** There is no such blob, or it was removed. */
export class BlobMissing extends Error {
  override readonly name = 'BlobMissing';

  constructor(id: string) {
    super(`there is no blob ${id}`);
  }
}

/** Ids become file names, so nothing else is let through: no dots, no slashes. */
const ID = /^[A-Za-z0-9_-]{3,128}$/;

/**
 * Blobs as files in a folder: `<folder>/<last two characters of the id>/<id>`. Written beside their place and renamed
 * once they are whole and on disk. (Plain node:fs: flydrive's FSDriver writes in place, so a reader could see half a
 * file, and it reads no ranges.)
 */
export function createBlobs(folder: string): Blobs {
  const incoming = join(folder, 'incoming');
  mkdirSync(incoming, { recursive: true });
  const placeOf = (id: string): { shelf: string; path: string } => {
    if (!ID.test(id))
      throw new RangeError(`blob id ${JSON.stringify(id)} is not 3 to 128 characters of A-Z a-z 0-9 _ -`);
    // Time-sorted ids begin alike; their ends are random and spread evenly.
    const shelf = join(folder, id.slice(-2));
    return { shelf, path: join(shelf, id) };
  };

  return {
    async put(id, content, { maxBytes }) {
      const { shelf, path } = placeOf(id);
      const draft = join(incoming, `${id}.${newSecret(9)}`);
      try {
        const meter = measure(id, maxBytes);
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
  };
}

/** Passes bytes on while it counts and hashes them. */
function measure(id: string, maxBytes: number): { stream: Transform; facts(): BlobFacts } {
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  let sizeBytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) {
        done(new BlobTooLarge(id, maxBytes));
        return;
      }
      md5.update(chunk);
      sha256.update(chunk);
      done(null, chunk);
    },
  });
  return { stream, facts: () => ({ sizeBytes, md5: md5.digest('hex'), sha256: sha256.digest('hex') }) };
}

async function openBlob(id: string, path: string): Promise<FileHandle> {
  try {
    return await open(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw new BlobMissing(id);
    throw error;
  }
}
