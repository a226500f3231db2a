import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../repository.ts';

/**
 * Builds the web UI where that is needed, in a process of its own beside the start of the stores. Answers why it could not;
 * predictions run without it.
 */
export async function buildWeb(signal: AbortSignal): Promise<string | null> {
  try {
    await promisify(execFile)(process.execPath, [join(repositoryRoot, 'apps/web/build/main.ts')], { signal });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
}
