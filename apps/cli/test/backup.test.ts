import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ArchiveBroken, readArchive, writeArchive } from '../src/backup/archive.ts';
import { restoreBackup } from '../src/backup/restore.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-archive-'));
  path = join(folder, 'hearth.tar.gz');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('an archive gives back what was put in, and both ends agree on its checksum', async () => {
  const writer = await writeArchive(path);
  await writer.add('first', Buffer.from('one'));
  await writer.addStream('second', 6, Readable.from([Buffer.from('two'), Buffer.from('two')]));
  await writer.add('empty', Buffer.alloc(0));
  const digest = writer.digest();
  expect(readdirSync(folder)).toEqual(['hearth.tar.gz.partial']);
  await writer.finish();
  expect(statSync(path).mode & 0o777).toBe(0o600);

  const reader = await readArchive(path);
  const read: [string | null, string][] = [];
  while (reader.name !== null) {
    const { name } = reader;
    const chunks: Buffer[] = [];
    for await (const chunk of reader.take()) chunks.push(chunk);
    read.push([name, Buffer.concat(chunks).toString()]);
  }
  expect(read).toEqual([
    ['first', 'one'],
    ['second', 'twotwo'],
    ['empty', ''],
  ]);
  expect(reader.digest()).toBe(digest);
});

test('one that cannot be written leaves nothing behind', async () => {
  const writer = await writeArchive(path);
  await expect(writer.addStream('short', 6, Readable.from([Buffer.from('two')]))).rejects.toThrow();
  await writer.abandon();
  expect(readdirSync(folder)).toEqual([]);
});

test('one that has no folder to be in says so', async () => {
  await expect(writeArchive(join(folder, 'none', 'hearth.tar.gz'))).rejects.toThrow(
    'ENOENT: no such file or directory, open',
  );
});

test('one that finds no room says so, and leaves nothing behind', async () => {
  // A disk that is always full.
  symlinkSync('/dev/full', `${path}.partial`);
  const writer = await writeArchive(path);
  const entries = async () => {
    for (;;) await writer.add('entry', randomBytes(100_000));
  };
  await expect(entries()).rejects.toThrow('ENOSPC: no space left on device, write');
  await writer.abandon();
  expect(readdirSync(folder)).toEqual([]);
});

test.each([0.1, 0.5, 0.9, 0.999])('one that was cut off after %d of it is told from a whole one', async (part) => {
  const writer = await writeArchive(path);
  for (const name of ['first', 'second', 'third']) await writer.add(name, randomBytes(300_000));
  await writer.finish();
  truncateSync(path, Math.floor(statSync(path).size * part));
  const readAll = async () => {
    const reader = await readArchive(path);
    while (reader.name !== null) for await (const chunk of reader.take()) expect(chunk.length).toBeGreaterThan(0);
  };
  const broken = await readAll().catch((error: unknown) => error);
  expect(broken).toBeInstanceOf(ArchiveBroken);
  expect(String(broken)).toContain('unexpected end of file');
});

test('what is no backup, or was cut off, is refused before anything is touched', async () => {
  const restoring = {
    path,
    databaseUrl: 'postgres://127.0.0.1:1/none',
    dataFolder: join(folder, 'data'),
    takeOver: false,
  };
  const writer = await writeArchive(path);
  await writer.add('something', Buffer.from('else'));
  await writer.finish();
  await expect(restoreBackup(restoring)).rejects.toThrow('it has something where hearth-backup.json belongs');
  truncateSync(path, 20);
  await expect(restoreBackup(restoring)).rejects.toThrow('is no whole backup');
  expect(readFileSync(path)).toHaveLength(20);
  expect(readdirSync(folder)).toEqual(['hearth.tar.gz']);
});
