import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readArchive, writeArchive } from '../src/backup/archive.ts';
import { restoreBackup } from '../src/backup/restore.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-archive-'));
  path = join(folder, 'hearth.tar.gz');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('an archive gives back what was put in, and both ends agree on its checksum', async () => {
  const writer = writeArchive(path);
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
  const writer = writeArchive(path);
  await expect(writer.addStream('short', 6, Readable.from([Buffer.from('two')]))).rejects.toThrow();
  await writer.abandon();
  expect(readdirSync(folder)).toEqual([]);
});

test('what is no backup, or was cut off, is refused before anything is touched', async () => {
  const restoring = {
    path,
    databaseUrl: 'postgres://127.0.0.1:1/none',
    dataFolder: join(folder, 'data'),
    takeOver: false,
  };
  const writer = writeArchive(path);
  await writer.add('something', Buffer.from('else'));
  await writer.finish();
  await expect(restoreBackup(restoring)).rejects.toThrow('it has something where hearth-backup.json belongs');
  truncateSync(path, 20);
  await expect(restoreBackup(restoring)).rejects.toThrow('is no whole backup');
  expect(readFileSync(path)).toHaveLength(20);
  expect(readdirSync(folder)).toEqual(['hearth.tar.gz']);
});
