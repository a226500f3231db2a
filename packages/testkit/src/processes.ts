import { readdir, readFile } from 'node:fs/promises';

export interface FoundProcess {
  readonly pid: number;
  /** Its arguments, each followed by a NUL. */
  readonly command: string;
  readonly environment: string;
}

/**
 * Processes of this machine whose arguments or environment hold a text, such as the path of a data folder; not this one.
 * `isCandidate` narrows them down by their arguments: reading every environment takes a while.
 */
export async function processesWith(
  text: string,
  isCandidate: (command: string) => boolean = () => true,
): Promise<FoundProcess[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry) && Number(entry) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      try {
        const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
        if (!isCandidate(command)) return null;
        return { pid: Number(pid), command, environment: await readFile(`/proc/${pid}/environ`, 'utf8') };
      } catch {
        // It ended while we looked.
        return null;
      }
    }),
  );
  return found
    .filter((each) => each !== null)
    .filter(({ command, environment }) => command.includes(text) || environment.includes(text));
}

/** False where it has ended meanwhile. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}
