import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '@hearth/kit';
import { testS3 } from '@hearth/testkit';
import { z } from 'zod';
import { type Blobs, filesEnvironment, openBlobs, type S3Settings, s3Settings } from '../src/index.ts';

/** A place for blobs, seen from outside: what lies there whole, and what was begun. */
export interface Place {
  readonly blobs: Blobs;
  whole(): Promise<string[]>;
  drafts(): Promise<string[]>;
  close(): Promise<void>;
}

/** Settings as a server reads them. */
export const settingsOf = (env: Record<string, string>): S3Settings | null =>
  s3Settings(loadConfig(z.object(filesEnvironment), env));

async function onDisk(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-blobs-'));
  const incoming = join(folder, 'incoming');
  return {
    blobs: await openBlobs({ folder, s3: null, installation: 'test' }),
    drafts: () => readdir(incoming),
    async whole() {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile() && entry.parentPath !== incoming).map(({ name }) => name);
    },
    close: () => rm(folder, { recursive: true }),
  };
}

async function inS3(): Promise<Place> {
  const server = await testS3();
  return {
    blobs: await openBlobs({ folder: '/nowhere', s3: settingsOf(server.env), installation: 'test' }),
    drafts: () => server.openUploads(),
    whole: async () => (await server.keys()).map((key) => key.replace('hearth/', '')).filter((key) => key[0] !== '.'),
    close: () => server.close(),
  };
}

export const PLACES = [
  ['disk', onDisk],
  ['S3', inS3],
] as const;
