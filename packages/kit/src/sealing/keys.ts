import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { newSecret } from '../tokens.ts';

const KEY_FORMS = 'keys of at least 32 characters, separated by commas; the first seals, all of them open';

/** Keys that secrets in inputs are sealed with: the newest first. */
export const zSecretKeys = () =>
  z.string({ error: KEY_FORMS }).transform((text, context): readonly [string, ...string[]] => {
    const [first = '', ...more] = text.split(',').map((key) => key.trim());
    if ([first, ...more].every((key) => key.length >= 32)) return [first, ...more];
    context.addIssue({ code: 'custom', message: KEY_FORMS });
    return z.NEVER;
  });

const KEY_FILE = 'secret.key';

/**
 * The key in the data folder, made when there is none. It is kept beside the database and not in it, so that a copy of the
 * database alone opens nothing.
 * @throws when the folder cannot be written
 */
export async function ensureSecretKeys(dataDir: string): Promise<readonly [string, ...string[]]> {
  const path = join(dataDir, KEY_FILE);
  const kept = await keyIn(path);
  if (kept !== null) return [kept];
  await mkdir(dataDir, { recursive: true });
  const draft = `${path}.${newSecret(8)}`;
  await writeFile(draft, `${newSecret()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    // Two servers may start at once: the file appears whole or not at all, and the first one's stays.
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    await rm(draft);
  }
  const made = await keyIn(path);
  if (made === null) throw new Error(`${path} is gone as soon as it was made`);
  return [made];
}

async function keyIn(path: string): Promise<string | null> {
  try {
    const key = (await readFile(path, 'utf8')).trim();
    if (key.length < 32) throw new Error(`${path} holds no key of at least 32 characters`);
    return key;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
