import { readdir, readFile, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const ROOT = '/sys/fs/cgroup';

/** SIGKILLs every process of containers below a cgroup parent, in whichever hierarchy, and removes what is left of it. */
export async function killCgroup(parent: string): Promise<void> {
  // Version 1 has a folder for each controller, version 2 one for all.
  const roots = [ROOT, ...(await folders(ROOT)).map((name) => join(ROOT, name))];
  for (const root of roots) {
    const top = join(root, parent);
    for (const folder of await below(top)) {
      await killAll(folder);
      // Empty a moment after its last process is gone; one that stays costs nothing.
      await rmdir(folder).catch(() => {});
    }
  }
}

async function killAll(folder: string): Promise<void> {
  const pids = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  for (const pid of pids.split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It ended by itself.
    }
  }
}

/** The folder and all in it, the deepest first; none where it does not exist. */
async function below(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await folders(folder);
  } catch {
    return [];
  }
  const inner = await Promise.all(names.map((name) => below(join(folder, name))));
  return [...inner.flat(), folder];
}

async function folders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}
