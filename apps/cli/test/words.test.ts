import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { ApiError, type WireDeploymentStatus, type WireHost } from '@hearth/contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { statusText } from '../src/commands/ps.ts';
import { consoleFollower } from '../src/commands/run.ts';
import { ownerAndName, UsageError } from '../src/connect.ts';
import { errorText } from '../src/error-text.ts';
import { environmentPairs, versionBody } from '../src/model-source.ts';
import { ago, renderTable } from '../src/output.ts';
import { fileNames, outputText, outputUrls } from '../src/run-output.ts';
import { shellWords } from '../src/shell-words.ts';
import { choosePort } from '../src/up/ports.ts';
import { soFarText } from '../src/waiting-text.ts';

/** Colours depend on where the tests run. */
const plainError = (...given: Parameters<typeof errorText>) => stripVTControlCharacters(errorText(...given));
const plainTable = (...given: Parameters<typeof renderTable>) => stripVTControlCharacters(renderTable(...given));
const plainStatus = (status: WireDeploymentStatus, hosts: WireHost[], now: number) =>
  stripVTControlCharacters(statusText([status], hosts, now));

const host = (id: string, over: Partial<WireHost>): WireHost => ({
  id,
  name: id,
  state: 'ready',
  runtimes: ['docker'],
  runtime_notes: {},
  cordoned: false,
  draining: false,
  labels: {},
  memory_mib: 65_536,
  cpus: null,
  devices: [0, 1].map((n) => ({ id: `GPU-${n}`, name: 'NVIDIA L4', vram_mib: 23_034 })),
  engine_version: '28.2.2',
  last_seen_at: '2029-12-31T23:59:58Z',
  lost_since: null,
  lost_reason: null,
  connection: null,
  checks: [],
  check_asked_at: null,
  checked_at: null,
  created_at: '2029-12-01T00:00:00Z',
  ...over,
});

describe('a command line is split as a shell splits it', () => {
  test.each([
    ['python3 serve.py', ['python3', 'serve.py']],
    ['  a   b ', ['a', 'b']],
    [`sh -c "exec node 'a b.js' --x=\\"1\\""`, ['sh', '-c', `exec node 'a b.js' --x="1"`]],
    [`'a b'c"d e"f`, ['a bcd ef']],
    ['a\\ b', ['a b']],
    [`''`, ['']],
    ['$HOME *', ['$HOME', '*']],
    ['"C:\\new"', ['C:\\new']],
  ])('%s', (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  test('an open quote is named by its place', () => {
    expect(() => shellWords('node "a b')).toThrow('--command "node \\"a b": the quote at character 6 is not closed.');
  });
  test('nothing is no command', () => {
    expect(() => shellWords('  ')).toThrow(UsageError);
  });
});

describe('what `models add` sends', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearth-source-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const none = { env: {} };

  test('an image', () => {
    expect(versionBody('registry.example.com/a/b:1', none)).toEqual({ image: 'registry.example.com/a/b:1' });
  });
  test('a folder with a cog.yaml is left to the server', () => {
    writeFileSync(join(folder, 'cog.yaml'), '');
    expect(versionBody(folder, none)).toEqual({ path: folder });
  });
  test('a modelkit model is started as its package.json says', () => {
    const manifest = {
      dependencies: { '@hearth/modelkit': '*' },
      scripts: { start: 'node --enable-source-maps main.ts' },
    };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    expect(versionBody(folder, none)).toEqual({ path: folder, command: ['node', '--enable-source-maps', 'main.ts'] });
  });
  test('any other folder needs a command', () => {
    mkdirSync(join(folder, 'src'));
    expect(() => versionBody(folder, none)).toThrow('Say how its server is started');
    expect(versionBody(folder, { command: 'python3 serve.py', env: { A: '1' } })).toEqual({
      path: folder,
      command: ['python3', 'serve.py'],
      env: { A: '1' },
    });
  });
  test('a folder that is not there is not taken for an image', () => {
    expect(() => versionBody('./not-there', none)).toThrow('There is no folder');
  });
  test('an image has its own command', () => {
    expect(() => versionBody('a/b', { command: 'x', env: {} })).toThrow('--command and --env go with a folder');
  });
  test('variables are KEY=VALUE', () => {
    expect(environmentPairs(['A=1', 'B=x=y', 'C='])).toEqual({ A: '1', B: 'x=y', C: '' });
    expect(() => environmentPairs(['A'])).toThrow('--env "A" is not of the form KEY=VALUE.');
  });
});

test.each(['a', 'a/', '/b', 'a/b/c'])('%j is no owner/name', (text) => {
  expect(() => ownerAndName(text)).toThrow(`"${text}" is not of the form owner/name.`);
});

describe('an error is one sentence', () => {
  const problem = {
    title: 'Input validation failed',
    detail: '- input.a: is required',
    status: 422,
    code: 'invalid-input' as const,
  };

  test("a refusal is the server's own words", () => {
    const error = new ApiError(
      404,
      { ...problem, title: 'Not found', detail: 'Model a/b was not found.', code: 'not-found' },
      '',
    );
    expect(plainError(error, {})).toContain('hearth: Model a/b was not found.');
  });
  test('bad fields are listed once', () => {
    const fields = [{ type: 'required', field: 'input.a', description: 'is required' }];
    expect(plainError(new ApiError(422, { ...problem, invalid_fields: fields }, ''), {})).toMatch(
      /hearth: Input validation failed\.\n {2}input\.a: is required$/,
    );
  });
  test('a token that is not good is named by where it came from', () => {
    const unauthenticated = new ApiError(401, { ...problem, status: 401, code: 'unauthenticated' }, '');
    expect(plainError(unauthenticated, { HEARTH_API_TOKEN: 'hth_x' })).toContain('The token in HEARTH_API_TOKEN');
    expect(plainError(unauthenticated, {})).toContain('The token that `hearth up` left');
  });
  test('what a message says already is not said again', () => {
    const cause = new Error('address not available 10.0.0.9:80');
    expect(plainError(new Error(`cannot listen: ${cause.message}`, { cause }), {})).toMatch(/listen: address.*:80$/);
    expect(plainError(new Error('fetch failed', { cause }), {})).toMatch(/fetch failed: address.*:80$/);
  });
  test('where nobody listens it says how to start', async () => {
    const refused = await fetch(`http://127.0.0.1:${await choosePort(0, '127.0.0.1')}/`).catch(
      (error: unknown) => error,
    );
    expect(plainError(refused, {})).toContain('Start it with `npm start`');
    expect(plainError(refused, { HEARTH_URL: 'http://gpu:7600' })).toContain('cannot be reached at http://gpu:7600');
  });
});

describe('what a run prints', () => {
  /** All of it, in the order in which it came, as a terminal shows it. */
  function follow(isTTY: boolean): string {
    let screen = '';
    const written = { isTTY, write: (text: string) => (screen += stripVTControlCharacters(text)) };
    const follower = consoleFollower('', { stdout: written, stderr: written });
    follower.output('one ');
    follower.output('two');
    follower.logs('gave 2 words\n');
    follower.endLine();
    return screen;
  }

  test('a log begins on a line of its own where both are on a terminal', () => {
    expect(follow(true)).toBe('one two\ngave 2 words\n');
  });
  test('output is what the model gave and a last line end where it goes elsewhere', () => {
    expect(follow(false)).toBe('one twogave 2 words\n\n');
  });
});

describe('outputs', () => {
  test('texts as they are, lists by line or as one, the rest as JSON', () => {
    expect(outputText('a', false)).toBe('a');
    expect(outputText(['a ', 'b'], true)).toBe('a b');
    expect(outputText(['a', 'b'], false)).toBe('a\nb');
    expect(outputText({ a: 1 }, false)).toBe('{\n  "a": 1\n}');
    expect(outputText(null, false)).toBe('');
  });
  test('files are found wherever they are, and keep their names apart', () => {
    const urls = outputUrls({
      a: 'http://h/x/out.png',
      b: ['text', { c: 'https://h/y/out.png' }],
      d: 'data:image/jpeg;base64,AA==',
    });
    expect(urls).toEqual(['http://h/x/out.png', 'https://h/y/out.png', 'data:image/jpeg;base64,AA==']);
    expect(fileNames(urls)).toEqual(['out.png', 'out-2.png', 'output-2.jpg']);
  });
});

describe('tables', () => {
  const now = Date.parse('2030-01-01T00:00:00Z');

  test('columns are two spaces apart and lines end without spaces', () => {
    expect(
      plainTable(
        ['A', 'B'],
        [
          ['long', 'x'],
          ['s', ''],
        ],
        'none',
      ),
    ).toMatch(/^A {5}B\nlong {2}x\ns$/);
    expect(plainTable(['A'], [], 'Nothing.')).toBe('Nothing.');
  });
  test.each([
    ['2029-12-31T23:59:57Z', '3 s'],
    ['2029-12-31T23:55:00Z', '5 min'],
    ['2029-12-31T22:00:00Z', '2 h'],
    ['2029-12-28T00:00:00Z', '4 d'],
    ['2030-01-01T00:00:09Z', '0 s'],
  ])('%s was %s ago', (at, text) => {
    expect(ago(at, now)).toBe(text);
  });
  test('ps says how warm a deployment is and why it waits', () => {
    const status: WireDeploymentStatus = {
      deployment: 'a/b',
      implicit: false,
      mode: 'predict',
      model: 'a/b',
      version: 'f'.repeat(64),
      release: 1,
      rollout: null,
      hardware: 'cpu',
      min_instances: 0,
      max_instances: 3,
      keep_alive: 300,
      slots: 1,
      temperature: 'booting',
      instances: { booting: 1, ready: 0, draining: 0, stopping: 2 },
      hosts: { gpu2: 2, gpu1: 1 },
      queue: { waiting: 4, in_flight: 0, oldest_waiting_at: '2029-12-31T23:59:50Z' },
      reason: 'crash-loop',
      detail: 'The last 3 boots failed.',
      failure: null,
      consecutive_failures: 3,
      retry_at: '2030-01-01T00:00:05Z',
      boot: {
        instance: 'i',
        phase: 'setup',
        since: '2029-12-31T23:59:58Z',
        progress: { elapsed_seconds: 2, usual_seconds: null, bytes: null, total_bytes: null, percent: null },
      },
    };
    const line = plainStatus(status, [], now).split('\n')[1]?.replace(/ {2,}/g, '|');
    expect(line).toBe(
      'a/b|booting|1 booting, 2 stopping|0|4|setup for 2 s; The last 3 boots failed; next try in 5 s; oldest waits 10 s',
    );
    const rollout = { to: 3, from: [2], detail: 'Release 3 fails to boot: no weights; release 2 serves.' };
    const during = plainStatus({ ...status, rollout }, [], now)
      .split('\n')[1]
      ?.replace(/ {2,}/g, '|');
    expect(during).toContain(
      '|setup for 2 s; Release 3 fails to boot: no weights; release 2 serves; next try in 5 s; oldest waits 10 s',
    );
    const hosts = [host('gpu1', {}), host('gpu2', { state: 'lost', lost_reason: 'no answer within 3 s' })];
    const lines = plainStatus(status, hosts, now).split('\n');
    expect(lines.map((line) => line.replace(/ {2,}/g, '|'))).toEqual([
      'DEPLOYMENT|INSTANCES|ON|RUNNING|WAITING|WHY',
      expect.stringContaining('|1 booting, 2 stopping|gpu1, gpu2 ×2|0|4|'),
      '',
      'HOST|INSTANCES|GPUS|WHY',
      'gpu1|ready|1|2 × NVIDIA L4 22 GiB',
      'gpu2|lost|2|2 × NVIDIA L4 22 GiB|no answer within 3 s',
    ]);
  });

  const SETUP = { elapsed_seconds: 12, usual_seconds: 30, bytes: null, total_bytes: null, percent: null };
  const PULL = { ...SETUP, bytes: 1_215_000_000, total_bytes: 2_700_000_000, percent: 45 };
  test.each([
    ['a setup as long as usual', { progress: SETUP }, '12 s of about 30 s'],
    ['a first setup', { progress: { ...SETUP, usual_seconds: null } }, '12 s'],
    ['a pull', { progress: PULL, eta_seconds: 130 }, '45 % of 2.7 GB, starts in about 2 min'],
    ['a pull of unknown size', { progress: { ...PULL, total_bytes: null, percent: null } }, '1.2 GB'],
    ['a line', { position: 3, eta_seconds: 0 }, '3 ahead, starts in about 0 s'],
    ['nothing known', {}, ''],
  ])('%s is told so far', (_what, known, text) => {
    const waiting = {
      reason: 'r',
      detail: 'd',
      phase: null,
      since: '',
      position: 0,
      progress: null,
      eta_seconds: null,
    };
    expect(soFarText({ ...waiting, ...known })).toBe(text);
  });
});
