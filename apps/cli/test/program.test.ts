import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');

/** What a person reads who types this, with no Hearth to talk to. */
function typed(...args: string[]): { code: number | null; said: string } {
  const env = { PATH: process.env.PATH, HEARTH_URL: 'http://127.0.0.1:7', HEARTH_API_TOKEN: 'hth_x' };
  const { status, stderr } = spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
  return { code: status, said: stripVTControlCharacters(stderr).trim() };
}

const HINT = 'Add --help to see what there is.';

test('a verb that there is not', () => {
  expect(typed('model', 'list')).toEqual({
    code: 1,
    said: `hearth: unknown command 'model'\n(Did you mean models?)\n${HINT}`,
  });
});

test('a verb of a group, which is not taken for an argument of its list', () => {
  expect(typed('deployments', 'crate', 'fast')).toEqual({
    code: 1,
    said: `hearth: unknown command 'deployments crate'; allowed: list, create, update, releases, rollback, delete\n${HINT}`,
  });
});

test('an option that there is not', () => {
  expect(typed('run', 'a/b', '--inptu', 'x=1').said).toBe(
    `hearth: unknown option '--inptu'\n(Did you mean --input?)\n${HINT}`,
  );
});

test.each([[['deployments']], [['deployments', '--json']], [['deployments', 'list', '--json']]])(
  'a list, with its verb or without: %j',
  (args) => {
    expect(typed(...args).said).toMatch(/^hearth: (Hearth cannot be reached|fetch failed)/);
  },
);
