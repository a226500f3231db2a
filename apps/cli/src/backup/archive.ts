import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
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

/** A gzipped tar, written beside its place. It holds what signs URLs and checks tokens: readable by its owner alone. */
export function writeArchive(path: string): ArchiveWriter {
  const tar = pack();
  const hash = createHash('sha256');
  const draft = `${path}.partial`;
  const written = pipeline(tar, createGzip({ level: GZIP_LEVEL }), createWriteStream(draft, { mode: 0o600 }));
  // Whoever adds or finishes hears of it.
  written.catch(() => {});
  const failed = written.then(() => Promise.reject(new Error(`${draft} ended early`)));
  failed.catch(() => {});

  return {
    async add(name, bytes) {
      hash.update(`${name}\n`).update(bytes);
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      tar.entry({ name, mode: 0o600 }, bytes, (error) => (error ? reject(error) : resolve()));
      await Promise.race([promise, failed]);
    },
    async addStream(name, size, content) {
      hash.update(`${name}\n`);
      const hashed = async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          hash.update(chunk);
          yield chunk;
        }
      };
      await Promise.race([pipeline(content, hashed, tar.entry({ name, size, mode: 0o600 })), failed]);
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

/** Reads an archive from its beginning to its end. @throws where it cannot be read, then and with every entry */
export async function readArchive(path: string): Promise<ArchiveReader> {
  const tar = extract();
  const source = createReadStream(path);
  const read = pipeline(source, createGunzip(), tar);
  // What is wrong with it is told by the entries, too.
  read.catch((error: unknown) => tar.destroy(error instanceof Error ? error : new Error(String(error))));
  const hash = createHash('sha256');
  const entries = tar[Symbol.asyncIterator]();
  let entry = await entries.next();

  return {
    get name() {
      return entry.done === true ? null : entry.value.header.name;
    },
    digest: () => hash.copy().digest('hex'),
    async *take() {
      if (entry.done === true) throw new Error('the archive ends early');
      hash.update(`${entry.value.header.name}\n`);
      for await (const chunk of entry.value as AsyncIterable<Buffer>) {
        hash.update(chunk);
        yield chunk;
      }
      entry = await entries.next();
    },
    close() {
      source.destroy();
    },
  };
}
