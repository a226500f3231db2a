import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The temporary folder of one prediction. */
export interface RunFolder {
  readonly path: string;
  readonly remove: (print: (text: string) => void) => void;
}

/** Made on first use, because most predictions of most models need none. */
export function lazyFolder(): RunFolder {
  let made: string | undefined;
  return {
    get path() {
      made ??= mkdtempSync(join(tmpdir(), 'prediction-'));
      return made;
    },
    remove(print) {
      if (made === undefined) return;
      rm(made, { recursive: true, force: true }).catch((error: unknown) =>
        print(`could not remove ${made}: ${error instanceof Error ? error.message : String(error)}\n`),
      );
    },
  };
}
