import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { BlobTooLarge } from './blob-errors.ts';
import type { BlobFacts } from './port.ts';

/** Passes bytes on while it counts and hashes them; fails with `BlobTooLarge` at the first byte past `maxBytes`. */
export function createMeter(id: string, maxBytes: number): { stream: Transform; facts(): BlobFacts } {
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
