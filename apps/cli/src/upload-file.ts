import { openAsBlob, statSync } from 'node:fs';
import { basename } from 'node:path';
import type { Client, WireFile } from '@hearth/contract';
import mime from 'mime-types';
import { UsageError } from './connect.ts';

/** Uploads a file of this machine. @throws UsageError where there is no such file */
export async function uploadFile(client: Client, path: string): Promise<WireFile> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`There is no file ${path}.`);
  const content = await openAsBlob(path, { type: mime.lookup(path) || 'application/octet-stream' });
  return client.files.upload(content, basename(path));
}
