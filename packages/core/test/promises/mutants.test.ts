import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as real from '../../src/index.ts';
import type { Core } from './core.ts';
import { MUTANTS, type Mutant } from './mutants.ts';
import { PROMISES } from './promises.ts';

// Are the promises any good? A core with one bug in it has to break one.

const SRC = new URL('../../src/', import.meta.url);
/** The same fleets on every machine: a mutant is caught always, or never. */
const settings = { seed: 7, numRuns: 400, endOnFailure: true };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-mutants-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A whole core beside the real one, with the bug in it. */
async function grow({ file, from, to }: Mutant, name: string): Promise<Core> {
  const home = join(folder, name);
  await cp(SRC, home, { recursive: true });
  const source = await readFile(join(home, file), 'utf8');
  expect(source.split(from).length - 1, `"${from}" occurs once in ${file}`).toBe(1);
  await writeFile(
    join(home, file),
    source.replace(from, () => to),
  );
  return import(/* @vite-ignore */ pathToFileURL(join(home, 'index.ts')).href) as Promise<Core>;
}

describe('a core in which', () => {
  it.each(MUTANTS.map((mutant, n) => ({ ...mutant, n })))('$bug', { timeout: 60_000 }, async ({ n, ...mutant }) => {
    const mutated = await grow(mutant, `mutant-${n}`);
    const holds = PROMISES[mutant.breaks];
    expect(() => holds(mutated, settings), mutant.breaks).toThrow();
    holds(real, settings);
  });
});

it('breaks at least ten promises in as many ways', () => {
  expect(new Set(MUTANTS.map(({ breaks }) => breaks)).size).toBeGreaterThanOrEqual(10);
});
