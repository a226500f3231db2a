import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** Where traces are kept that are too large for the repository: in it and ignored, or shared by several checkouts. */
const USUAL = ['../../../traces', '../../../../shared/traces'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/**
 * The folder of traces that HEARTH_TRACES names, else a usual one that is there, else none.
 * @throws RangeError where what it names is no folder
 */
export async function tracesFolder(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const named = env['HEARTH_TRACES'];
  if (named === undefined)
    return (await Promise.all(USUAL.map(async (path) => ((await isFolder(path)) ? path : [])))).flat()[0];
  if (await isFolder(named)) return named;
  throw new RangeError(`HEARTH_TRACES is "${named}"; it must name a folder`);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // Not there, or not to be read: no folder of ours either way.
    return false;
  }
}
