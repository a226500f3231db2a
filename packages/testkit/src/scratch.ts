import { mkdtemp, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
const ROOMY_BYTES = 8 * 2 ** 30;

/**
 * A new folder for a test, which removes it: in memory where there is plenty, else with the other temporary files. Most
 * tests make a database and throw it away, and a disk that others use makes that take half a second each time.
 */
export async function scratchFolder(prefix: string): Promise<string> {
  return mkdtemp(join((await hasRoomInMemory()) ? IN_MEMORY : tmpdir(), prefix));
}

async function hasRoomInMemory(): Promise<boolean> {
  try {
    const { bavail, bsize } = await statfs(IN_MEMORY);
    return bavail * bsize >= ROOMY_BYTES;
  } catch {
    // Only Linux has it, and not all of them.
    return false;
  }
}
