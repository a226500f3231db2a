import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { MUTANTS } from '../explore/mutants.ts';

// Is exploring any good? With a bug put into it, some seed of those that the tests play has to break a promise.

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '../explore');
const SEEDS = '60';

it.each(MUTANTS)('finds that $bug', { timeout: 240_000 }, async ({ bug, breaks }) => {
  const args = ['--import', join(FOLDER, 'mutate.ts'), join(FOLDER, 'main.ts'), '--seeds', SEEDS];
  const env = { ...process.env, HEARTH_MUTANT: bug };
  const ended = promisify(execFile)(process.execPath, args, { env, maxBuffer: 2 ** 26 });
  await expect(ended).rejects.toMatchObject({ code: 1, stdout: expect.stringContaining(breaks) });
});
