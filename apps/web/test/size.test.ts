import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { OUTPUT } from '../build/build.ts';

const MOST_KB = 150;

/** What a script needs before it runs: its static imports, and theirs. */
function withImports(file: string, seen: Set<string>): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  const code = readFileSync(join(OUTPUT, 'assets', file), 'utf8');
  for (const [, imported] of code.matchAll(/(?:import|from)\s*"\.\/([\w.-]+\.js)"/g)) {
    if (imported !== undefined) withImports(imported, seen);
  }
  return seen;
}

beforeAll(async () => {
  await promisify(execFile)(process.execPath, [join(import.meta.dirname, '../build/main.ts')]);
}, 120_000);

it(`the first page needs at most ${MOST_KB} kB of script, compressed`, () => {
  const html = readFileSync(join(OUTPUT, 'index.html'), 'utf8');
  const entries = [...html.matchAll(/(?:src|href)="\/assets\/([\w.-]+\.js)"/g)].map(([, file]) => file ?? '');
  expect(entries).not.toEqual([]);
  const files = new Set<string>();
  for (const entry of entries) withImports(entry, files);
  const bytes = [...files].map((file) => gzipSync(readFileSync(join(OUTPUT, 'assets', file))).length);
  const kB = bytes.reduce((sum, each) => sum + each, 0) / 1000;
  expect(kB).toBeGreaterThan(50);
  expect(kB).toBeLessThanOrEqual(MOST_KB);
  // React for development, which would be served for as long as the sources stay as they are.
  expect([...files].join()).not.toContain('jsx-dev-runtime');
});

it('the page names nothing of another origin, and holds no script itself', () => {
  const html = readFileSync(join(OUTPUT, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<script(?![^>]*\bsrc="\/)/);
  expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
});
