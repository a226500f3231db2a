import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { extract, pack } from 'tar-stream';

/** More takes longer and saves little: files are mostly compressed already. */
const GZIP_LEVEL = 3;

export interface ArchiveWriter {
  add(name: string, bytes: Buffer): Promise<void>;
  addStream(name: string, sizeBytes: number, content: Readable): Promise<void>;
  /** SHA-256 of the names and contents so far, in hex. */
  digest(): string;
  /** Closes the archive; it appears under its name only now. */
  finish(): Promise<void>;
  /** Leaves nothing behind. */
  abandon(): Promise<void>;
}

/** A gzipped tar, written beside its place. It holds what signs URLs and checks tokens: readable by its owner alone. @throws the system's error */
export async function writeArchive(path: string): Promise<ArchiveWriter> {
  const tar = pack();
  const hash = createHash('sha256');
  const draft = `${path}.partial`;
  const file = await open(draft, 'w', 0o600);
  const written = pipeline(tar, createGzip({ level: GZIP_LEVEL }), file.createWriteStream());
  // Whoever adds or finishes hears of it.
  written.catch(() => {});
  const failed = written.then(() => Promise.reject(new Error(`${draft} ended early`)));
  failed.catch(() => {});
  /** An entry is told that the archive is gone; why it is gone (no room) is told to the archive. */
  const explained = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await Promise.race([work(), failed]);
    } catch (error) {
      throw tar.destroyed ? await failed.catch((why: unknown) => why) : error;
    }
  };

  return {
    async add(name, bytes) {
      hash.update(`${name}\n`).update(bytes);
      await explained(async () => {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        const entry = tar.entry({ name, mode: 0o600 }, bytes, (error) => (error ? reject(error) : resolve()));
        // Where nobody listens, it ends the process.
        entry.on('error', reject);
        await promise;
      });
    },
    async addStream(name, size, content) {
      hash.update(`${name}\n`);
      const hashed = async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          hash.update(chunk);
          yield chunk;
        }
      };
      await explained(async () => pipeline(content, hashed, tar.entry({ name, size, mode: 0o600 })));
    },
    digest: () => hash.copy().digest('hex'),
    async finish() {
      tar.finalize();
      await written;
      await rename(draft, path);
    },
    async abandon() {
      tar.destroy();
      await written.catch(() => {});
      await rm(draft, { force: true });
    },
  };
}

export interface ArchiveReader {
  /** The entry that is next; null at the end. */
  readonly name: string | null;
  /** SHA-256 of the names and contents of what was read so far, in hex. */
  digest(): string;
  /** The bytes of the next entry, which is over then. */
  take(): AsyncIterable<Buffer>;
  close(): void;
}

/** It is no archive, or not all of one. */
export class ArchiveBroken extends Error {
  override readonly name = 'ArchiveBroken';
}

/** Reads an archive from its beginning to its end. @throws ArchiveBroken then and with every entry */
export async function readArchive(path: string): Promise<ArchiveReader> {
  const tar = extract();
  const source = createReadStream(path);
  const read = pipeline(source, createGunzip(), tar);
  // What is wrong with it is told by the entries, too.
  read.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  const hash = createHash('sha256');
  const entries = tar[Symbol.asyncIterator]();
  /** An entry is told that the archive is gone; what is wrong with it is told to the archive. */
  const broken = async (error: unknown): Promise<never> => {
    const why = tar.destroyed ? await read.catch((cause: unknown) => cause) : error;
    throw new ArchiveBroken(why instanceof Error ? why.message : 'it ends early', { cause: why });
  };
  let entry = await entries.next().catch(broken);

  return {
    get name() {
      return entry.done === true ? null : entry.value.header.name;
    },
    digest: () => hash.copy().digest('hex'),
    async *take() {
      if (entry.done === true) throw new ArchiveBroken('it ends early');
      hash.update(`${entry.value.header.name}\n`);
      const chunks = (entry.value as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
      for (;;) {
        const chunk = await chunks.next().catch(broken);
        if (chunk.done === true) break;
        hash.update(chunk.value);
        yield chunk.value;
      }
      entry = await entries.next().catch(broken);
    },
    close() {
      source.destroy();
    },
  };
}
