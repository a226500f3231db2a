import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const WEB = dirname(import.meta.dirname);
const ROOT = join(WEB, '../..');
/** What the api serves. */
export const OUTPUT = join(WEB, 'dist');
/** In the output: the digest of what it was built from. */
const STAMP = 'sources.sha256';
const SOURCES = [
  'apps/web/{src,public,build}/**/*.*',
  'apps/web/{index.html,package.json,vite.config.ts}',
  'packages/contract/src/**/*.ts',
  'pnpm-lock.yaml',
];

/**
 * Builds the web UI where what stands in `dist` was built from other sources, or nothing stands there. By content, because a
 * checkout gives every file a new time. Safe from several processes at once: each builds beside, and the first to be done wins.
 */
export async function buildIfStale(): Promise<void> {
  const digest = digestOfSources();
  if (builtFrom() === digest) return;
  const beside = `${OUTPUT}-${process.pid}`;
  try {
    // Only now: loading it takes longer than finding out that there is nothing to do.
    const { build } = await import('vite');
    await build({ root: WEB, logLevel: 'warn', build: { outDir: beside } });
    writeFileSync(join(beside, STAMP), digest);
    // Another process may have been faster, with the same files under the same names.
    if (builtFrom() !== digest) moveInto(beside, OUTPUT);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

function digestOfSources(): string {
  const hash = createHash('sha256');
  for (const file of globSync(SOURCES, { cwd: ROOT }).toSorted()) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0');
  }
  return hash.digest('hex');
}

function builtFrom(): string | null {
  const stamp = join(OUTPUT, STAMP);
  return existsSync(stamp) ? readFileSync(stamp, 'utf8') : null;
}

/** A folder cannot be replaced by another in one step: for a moment there is none. */
function moveInto(from: string, to: string): void {
  const old = `${to}-old-${process.pid}`;
  if (existsSync(to)) renameSync(to, old);
  renameSync(from, to);
  rmSync(old, { recursive: true, force: true });
}
