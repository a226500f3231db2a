import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BlobMissing, BlobTooLarge } from '../src/index.ts';
import { PLACES, type Place } from './places.ts';

const roomy = { maxBytes: 100_000_000 };
const MiB = 2 ** 20;

/** `count` MiB that are never in memory together. */
function* mebibytes(count: number): Generator<Buffer> {
  for (let at = 0; at < count; at++) yield Buffer.alloc(MiB, at);
}

describe.each(PLACES)('blobs in %s', (kind, open) => {
  let place: Place;
  beforeAll(async () => {
    place = await open();
  });
  afterAll(() => place.close());

  const put = (id: string, text: string) => place.blobs.put(id, Buffer.from(text), roomy);
  const read = async (id: string, range?: { start: number; end: number }) => buffer(await place.blobs.get(id, range));
  const listing = async () => {
    const writtenAt = new Map<string, number>();
    for await (const blob of place.blobs.list()) writtenAt.set(blob.id, blob.writtenAt);
    return writtenAt;
  };
  const listed = async () => [...(await listing()).keys()].toSorted();

  it('gives back the bytes of a stream, with size and hashes', async () => {
    const bytes = randomBytes(300_000);
    const chunks = [bytes.subarray(0, 1), bytes.subarray(1, 200_000), bytes.subarray(200_000)];
    expect(await place.blobs.put('stream', Readable.from(chunks), roomy)).toEqual({
      sizeBytes: 300_000,
      md5: createHash('md5').update(bytes).digest('hex'),
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    expect(await read('stream')).toEqual(bytes);
  });

  it('takes bytes at once, none too', async () => {
    await put('bytes', 'hello');
    expect(String(await read('bytes'))).toBe('hello');
    expect(await place.blobs.put('empty', new Uint8Array(), roomy)).toMatchObject({ sizeBytes: 0 });
    expect(await read('empty')).toHaveLength(0);
  });

  it('takes a stream of unknown length that is longer than what is kept of it in memory', async () => {
    const { sizeBytes } = await place.blobs.put('long', Readable.from(mebibytes(35)), roomy);
    expect(sizeBytes).toBe(35 * MiB);
    expect(await read('long', { start: 20 * MiB - 1, end: 20 * MiB })).toEqual(Buffer.from([19, 20]));
    expect(await read('long')).toHaveLength(35 * MiB);
    expect(await place.drafts()).toEqual([]);
  });

  it.each([
    [{ start: 0, end: 0 }, 'h'],
    [{ start: 1, end: 3 }, 'ell'],
    [{ start: 4, end: 400 }, 'o'],
  ])('reads the range %o with inclusive ends', async (range, text) => {
    await put('ranged', 'hello');
    expect(String(await read('ranged', range))).toBe(text);
  });

  it('takes exactly the limit, and not one byte more', async () => {
    await place.blobs.put('fits', Buffer.alloc(10), { maxBytes: 10 });
    const tooMuch = Readable.from([Buffer.alloc(6), Buffer.alloc(5)]);
    await expect(place.blobs.put('too-large', tooMuch, { maxBytes: 10 })).rejects.toThrow(BlobTooLarge);
    await expect(place.blobs.get('too-large')).rejects.toThrow(BlobMissing);
    const muchTooMuch = place.blobs.put('too-large', Readable.from(mebibytes(40)), { maxBytes: 25 * MiB });
    await expect(muchTooMuch).rejects.toThrow(BlobTooLarge);
    expect(await place.whole()).not.toContain('too-large');
    expect(await place.drafts()).toEqual([]);
  });

  it.each([
    ['little', 1],
    ['much', 20],
  ])('is invisible until whole, and leaves nothing behind when its source fails after %s', async (id, count) => {
    const source = new Readable({ read() {} });
    const putting = place.blobs.put(id, source, roomy);
    for (const chunk of mebibytes(count)) source.push(chunk);
    await expect(place.blobs.get(id)).rejects.toThrow(BlobMissing);
    source.destroy(new Error('the sender went away'));
    await expect(putting).rejects.toThrow('the sender went away');
    await expect(place.blobs.get(id)).rejects.toThrow(BlobMissing);
    expect(await place.drafts()).toEqual([]);
  });

  it('replaces a blob, and of two puts at once keeps one of them whole', async () => {
    await put('again', 'old');
    await put('again', 'new');
    expect(String(await read('again'))).toBe('new');
    const texts = Array.from({ length: 8 }, (_item, at) => String(at).repeat(50_000));
    await Promise.all(texts.map((text, at) => put(`many-${at}`, text)));
    for (const [at, text] of texts.entries()) expect(String(await read(`many-${at}`))).toBe(text);
  });

  it('ends its own reading when its reader goes away', async () => {
    await place.blobs.put('left', Readable.from(mebibytes(10)), roomy);
    const reading = await place.blobs.get('left');
    await new Promise((resolve) => reading.once('data', resolve));
    const closed = new Promise((resolve) => reading.once('close', resolve));
    reading.destroy();
    await closed;
    expect(await read('left', { start: 0, end: 1 })).toHaveLength(2);
  });

  it('removes, and removing again is nothing', async () => {
    await put('gone', 'x');
    await place.blobs.remove('gone');
    await place.blobs.remove('gone');
    await expect(place.blobs.get('gone')).rejects.toThrow('there is no blob gone');
  });

  it('lists what is there, with the time that it was written', async () => {
    const before = systemNow();
    await put('listed', 'x');
    expect(await listed()).toEqual((await place.whole()).toSorted());
    // Objects in S3 are dated in whole seconds.
    expect(Math.abs(((await listing()).get('listed') ?? 0) - before)).toBeLessThan(5_000);
  });

  it('lists more than S3 puts on one page', { timeout: 60_000 }, async () => {
    const ids = Array.from({ length: 1_001 }, (_item, at) => `paged-${at}`);
    for (let at = 0; at < ids.length; at += 50) await Promise.all(ids.slice(at, at + 50).map((id) => put(id, 'x')));
    expect((await listed()).filter((id) => id.startsWith('paged-'))).toEqual(ids.toSorted());
  });

  it('removes the drafts of puts that never ended, and no younger ones', async () => {
    const source = new Readable({ read() {} });
    const putting = place.blobs.put('draft', source, roomy);
    const failed = expect(putting).rejects.toThrow();
    for (const chunk of mebibytes(20)) source.push(chunk);
    await expect.poll(() => place.drafts()).toHaveLength(1);
    expect(await place.blobs.removeDrafts(systemNow() - 60_000)).toBe(0);
    expect(await place.blobs.removeDrafts(systemNow() + 60_000)).toBe(1);
    expect(await place.drafts()).toEqual([]);
    source.push(null);
    await (kind === 'S3' ? failed : Promise.allSettled([putting, failed]));
    await expect(place.blobs.get('draft')).rejects.toThrow(BlobMissing);
  });

  it.each(['', '..', '../etc/passwd', 'a/b/c', 'abc\0', '/abc', 'a.b', 'x'.repeat(129)])(
    'refuses the id %j',
    async (id) => {
      await expect(place.blobs.put(id, Buffer.from('x'), roomy)).rejects.toThrow(RangeError);
      await expect(place.blobs.get(id)).rejects.toThrow(RangeError);
      await expect(place.blobs.remove(id)).rejects.toThrow(RangeError);
    },
  );
});
