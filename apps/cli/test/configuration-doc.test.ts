import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../src/repository.ts';

const read = (...path: string[]) => readFileSync(join(repositoryRoot, ...path), 'utf8');

/** `KEY: zPort().prefault('7600')` and the like, as every room writes its schema; the default may be lines below. */
function keysOfSchema(source: string): Map<string, string> {
  const keys = [...source.matchAll(/^\s+([A-Z][A-Z0-9_]+):/gm)];
  return new Map(
    keys.map((match, at) => {
      const text = source.slice(match.index, keys[at + 1]?.index ?? source.indexOf('transform((env', match.index));
      return [match[1] ?? '', /\.(?:pre|de)fault\('([^']*)'\)/.exec(text)?.[1] ?? ''];
    }),
  );
}

const schemas = [
  'apps/api/src/config.ts',
  'apps/scheduler/src/config.ts',
  'apps/dispatcher/src/config.ts',
  'apps/dispatcher/src/limits.ts',
  'apps/cli/src/up/config.ts',
  'packages/files/src/config.ts',
  'packages/kit/src/outbound/environment.ts',
  'packages/kit/src/run-limits.ts',
].map((file) => ({ file, keys: keysOfSchema(read(file)) }));

/** The rows of the tables: name → default. */
const documented = new Map(
  [...read('docs/guides/configuration.md').matchAll(/^\| `([A-Z0-9_]+)` \| (?:`([^`]*)`)?/gm)].map((row) => [
    row[1] ?? '',
    row[2] ?? '',
  ]),
);

/** Read outside the schemas: by the command line, between our own processes, and by models. */
const ELSEWHERE = ['HEARTH_URL', 'HEARTH_PARENT_PID', 'HEARTH_CWD', 'HEARTH_COG_GENERATION'];

test('the guide has every variable that a server reads, and no other', () => {
  const read = new Set(schemas.flatMap(({ keys }) => [...keys.keys()]));
  expect([...documented.keys()].toSorted()).toEqual([...read, ...ELSEWHERE].toSorted());
});

test.each(schemas)('the defaults in $file are those of the guide', ({ keys }) => {
  expect(keys.size).toBeGreaterThan(2);
  for (const [key, value] of keys) {
    // `up` computes some that a server has a default for; those have none there.
    if (value !== '') expect(`${key} ${documented.get(key)}`).toBe(`${key} ${value}`);
  }
});

test('no source reads a HEARTH_ variable that the guide does not know', () => {
  const sources = ['apps', 'packages']
    .flatMap((folder) => readdirSync(join(repositoryRoot, folder)).map((name) => join(folder, name, 'src')))
    .flatMap((folder) => {
      const files = readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' });
      return files.filter((file) => file.endsWith('.ts')).map((file) => join(folder, file));
    })
    .filter((file) => !file.startsWith('packages/testkit'));
  const read = (file: string) => readFileSync(join(repositoryRoot, file), 'utf8');
  const used = sources.flatMap((file) => [...read(file).matchAll(/\benv\.(HEARTH_[A-Z_]+)/g)].map(([, key]) => key));
  expect(used.filter((key) => key !== undefined && !documented.has(key))).toEqual([]);
});
