import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlobMissing, type Blobs, BlobTooLarge, createBlobs } from '../src/index.ts';

let folder: string;
let blobs: Blobs;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-blobs-'));
  blobs = createBlobs(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const roomy = { maxBytes: 10_000_000 };
const read = async (id: string, range?: { start: number; end: number }) => buffer(await blobs.get(id, range));
const drafts = () => readdir(join(folder, 'incoming'));

describe('blobs', () => {
  it('gives back the bytes of a stream, with size and hashes', async () => {
    const bytes = randomBytes(300_000);
    const chunks = [bytes.subarray(0, 1), bytes.subarray(1, 200_000), bytes.subarray(200_000)];
    expect(await blobs.put('stream', Readable.from(chunks), roomy)).toEqual({
      sizeBytes: 300_000,
      md5: createHash('md5').update(bytes).digest('hex'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(await read('stream')).toEqual(bytes);
  });

  it('takes bytes at once, none too', async () => {
    await blobs.put('bytes', Buffer.from('hello'), roomy);
    expect(String(await read('bytes'))).toBe('hello');
    expect(await blobs.put('empty', new Uint8Array(), roomy)).toMatchObject({ sizeBytes: 0 });
    expect(await read('empty')).toHaveLength(0);
  });

  it.each([
    [{ start: 0, end: 0 }, 'h'],
    [{ start: 1, end: 3 }, 'ell'],
    [{ start: 4, end: 400 }, 'o'],
  ])('reads the range %o with inclusive ends', async (range, text) => {
    await blobs.put('ranged', Buffer.from('hello'), roomy);
    expect(String(await read('ranged', range))).toBe(text);
  });

  it('takes exactly the limit, and not one byte more', async () => {
    await blobs.put('fits', Buffer.alloc(10), { maxBytes: 10 });
    const tooMuch = Readable.from([Buffer.alloc(6), Buffer.alloc(5)]);
    await expect(blobs.put('too-large', tooMuch, { maxBytes: 10 })).rejects.toThrow(BlobTooLarge);
    await expect(blobs.get('too-large')).rejects.toThrow(BlobMissing);
    expect(await drafts()).toEqual([]);
  });

  it('is invisible until whole, and leaves nothing behind when its source fails', async () => {
    const source = new Readable({ read() {} });
    const putting = blobs.put('half', source, roomy);
    source.push(Buffer.alloc(100_000));
    await expect(blobs.get('half')).rejects.toThrow(BlobMissing);
    source.destroy(new Error('the sender went away'));
    await expect(putting).rejects.toThrow('the sender went away');
    await expect(blobs.get('half')).rejects.toThrow(BlobMissing);
    expect(await drafts()).toEqual([]);
  });

  it('replaces a blob at once: who reads the old one reads it to its end', async () => {
    const old = randomBytes(200_000);
    await blobs.put('again', old, roomy);
    const reading = await blobs.get('again');
    await blobs.put('again', Buffer.from('new'), roomy);
    expect(await buffer(reading)).toEqual(old);
    expect(String(await read('again'))).toBe('new');
  });

  it('removes, and removing again is nothing', async () => {
    await blobs.put('gone', Buffer.from('x'), roomy);
    await blobs.remove('gone');
    await blobs.remove('gone');
    await expect(blobs.get('gone')).rejects.toThrow('there is no blob gone');
  });

  it.each(['', '..', '../etc/passwd', 'a/b/c', 'abc\0', '/abc', 'a.b', 'x'.repeat(129)])(
    'refuses the id %j',
    async (id) => {
      await expect(blobs.put(id, Buffer.from('x'), roomy)).rejects.toThrow(RangeError);
      await expect(blobs.get(id)).rejects.toThrow(RangeError);
      await expect(blobs.remove(id)).rejects.toThrow(RangeError);
    },
  );
});
