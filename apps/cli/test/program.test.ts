import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
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

test('a file is meant from the folder that the command was typed in', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-typed-'));
  await writeFile(join(folder, 'trace.csv'), 'time,model,seconds\n0,ada/m,1\n60,ada/m,1\n');
  // As the bootstrap starts it, in the repository.
  const env = { PATH: process.env.PATH, HEARTH_CWD: folder };
  const args = [MAIN, 'simulate', 'trace.csv', '--hosts', '1', '--policy', 'fixed:1m', '--svg', 'plot.svg'];
  const { stderr, stdout } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).toContain('fixed:1m');
  expect(await readdir(folder)).toEqual(['plot.svg', 'trace.csv']);
  await rm(folder, { recursive: true });
});

test.each([
  [['accounts', 'set', 'ada', '--max-in-flight', 'none'], 'PATCH /v1/accounts/ada', { max_in_flight: null }],
  [['accounts', 'set', 'ada', '--max-in-flight', '8'], 'PATCH /v1/accounts/ada', { max_in_flight: 8 }],
  [
    ['budgets', 'set', '--token', 'x', '--day', 'none', '--max-in-flight', 'none', '--creates-per-minute', 'none'],
    'PUT /v1/tokens/x/budget',
    { day_micros: null, max_in_flight: null, creates_per_minute: null },
  ],
] as const)('takes a limit away or sets it: %j', async (args, request, body) => {
  const { promise: asked, resolve } = Promise.withResolvers<unknown>();
  const server = createServer((incoming, response) => {
    resolve(json(incoming).then((sent) => ({ request: `${incoming.method} ${incoming.url}`, body: sent })));
    response.writeHead(404, { 'content-type': 'application/problem+json' }).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const env = { PATH: process.env.PATH, HEARTH_URL: `http://127.0.0.1:${port}`, HEARTH_API_TOKEN: 'hth_x' };
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: 'ignore' });
  expect(await asked).toEqual({ request, body });
  await once(child, 'exit');
  server.close();
});
