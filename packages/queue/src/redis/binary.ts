import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const NAMES = ['valkey-server', 'redis-server'];
/** BullMQ's recommended minimum. */
const OLDEST = [6, 2];

/** The binary to start, or none; `why` is a sentence for people in either case. */
export type RedisBinary =
  | { readonly binary: string; readonly why: string }
  | { readonly binary: null; readonly why: string };

/** Looks on PATH for a Redis or Valkey server of 6.2 or newer. */
export async function findRedisBinary(env: Readonly<Record<string, string | undefined>>): Promise<RedisBinary> {
  const refused: string[] = [];
  for (const folder of (env.PATH ?? '').split(delimiter).filter(Boolean)) {
    for (const name of NAMES) {
      const binary = join(folder, name);
      if (!(await isExecutable(binary))) continue;
      const version = await versionOf(binary);
      if (version !== null && isNewEnough(version)) return { binary, why: `${name} ${version} at ${binary}` };
      const fault = version === null ? 'does not tell its version' : `is ${version}, older than ${OLDEST.join('.')}`;
      refused.push(`${binary} ${fault}`);
    }
  }
  return {
    binary: null,
    why: refused.length > 0 ? refused.join('; ') : `no ${NAMES.toReversed().join(' or ')} on PATH`,
  };
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    // Not there, or not for us: the answer is no.
    return false;
  }
}

async function versionOf(binary: string): Promise<string | null> {
  try {
    const { stdout } = await promisify(execFile)(binary, ['--version'], { timeout: 5_000 });
    return /\bv=(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? null;
  } catch {
    // A binary for another machine, or broken: it is skipped, and the caller says so.
    return null;
  }
}

function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST;
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}
