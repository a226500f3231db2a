import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { download } from './input-files.ts';

/**
 * The path of a local copy of what `COG_WEIGHTS` names: a URL is downloaded, to a folder that lasts as long as the server;
 * anything else is a path already.
 * @throws Error saying what could not be downloaded, and why
 */
export async function localWeights(reference: string | null): Promise<string | null> {
  if (reference === null || !/^https?:\/\//i.test(reference)) return reference;
  const run = { tempDir: await mkdtemp(join(tmpdir(), 'weights-')), signal: new AbortController().signal };
  return download(reference, { folder: 'weights', what: 'the weights (COG_WEIGHTS)' }, run);
}
