import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { command } from '../src/engines/command.ts';

/** A folder with a disk of its own, which can be full. */
export interface Disk {
  readonly folder: string;
  fill(): Promise<void>;
  free(): Promise<void>;
  close(): Promise<void>;
}

/** Null: a disk cannot be made here, because that takes root's rights to mount. The folder is made in any case. */
export async function makeDisk(folder: string, mebibytes: number): Promise<Disk | null> {
  await mkdir(folder, { recursive: true });
  try {
    await command('mount', '-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=755`, 'hearth-chaos', folder);
  } catch {
    // Not root, or a container without the right: who asks says so.
    return null;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    async fill() {
      // It ends with an error when the disk is full, which is what it is for.
      await command('dd', 'if=/dev/zero', `of=${ballast}`, 'bs=4M').catch(() => null);
    },
    free: () => rm(ballast, { force: true }),
    async close() {
      await command('umount', '--lazy', folder);
    },
  };
}
