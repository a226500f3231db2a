import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLogFile } from '../src/up/log-file.ts';
import { consoleLine } from '../src/up/log-line.ts';
import { type SummaryFacts, summaryText } from '../src/up/summary.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-console-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Colours depend on where the tests run. */
const plainSummary = (facts: SummaryFacts) => stripVTControlCharacters(summaryText(facts));
function plainLine(...given: Parameters<typeof consoleLine>): string | null {
  const line = consoleLine(...given);
  return line === null ? null : stripVTControlCharacters(line);
}

describe("the servers' logs", () => {
  const line = (level: number, msg: string) => JSON.stringify({ level, msg, room: 'api' });
  test.each([
    ['what goes as it should is not shown', line(30, 'ready'), 'info', null],
    ['a warning is', line(40, 'slow'), 'info', 'warn api: slow'],
    ['unless only errors are wanted', line(40, 'slow'), 'error', null],
    ['everything is, with debug', line(20, 'detail'), 'debug', 'debug api: detail'],
    [
      'the reason is, too',
      JSON.stringify({ level: 50, msg: 'no', err: { message: 'why' } }),
      'info',
      'error api: no (why)',
    ],
    ['last words that are no JSON are shown as they are', 'Segmentation fault', 'info', 'api: Segmentation fault'],
    ['an empty line is nothing', '', 'info', null],
  ] as const)('%s', (_name, text, level, shown) => {
    expect(plainLine('api', text, level)).toBe(shown);
  });

  test('are passed on by whole lines, from where this start began', () => {
    writeFileSync(join(folder, 'api.log'), 'before\n');
    const lines: string[] = [];
    const log = openLogFile(folder, 'api', (text) => lines.push(text));
    appendFileSync(log.path, 'one\ntw');
    log.look();
    appendFileSync(log.path, 'o ä\n');
    log.close();
    expect(lines).toEqual(['one', 'two ä']);
  });
  test('are moved aside when they have grown large', () => {
    writeFileSync(join(folder, 'api.log'), Buffer.alloc(11 * 1024 * 1024, 'x'));
    openLogFile(folder, 'api', () => {}).close();
    expect(statSync(join(folder, 'api.log.1')).size).toBe(11 * 1024 * 1024);
    expect(readFileSync(join(folder, 'api.log'), 'utf8')).toBe('');
  });
});

describe('the summary', () => {
  const facts: SummaryFacts = {
    url: 'http://localhost:7600',
    dataFolder: '/data',
    database: 'Postgres in .hearth/postgres',
    queue: 'in the database',
    runtime: 'as processes of this machine',
    firstToken: null,
    examples: [
      { name: 'hearth/ocr', how: 'process' },
      { name: 'hearth/stream', how: 'container' },
    ],
    webProblem: null,
    examplesNote: null,
    tookMs: 1234,
  };
  test('on the first start shows the token, in a line that can be pasted', () => {
    const text = plainSummary({ ...facts, firstToken: 'hth_secret' });
    expect(text).toContain('Admin token, shown only now: hth_secret');
    expect(text).toContain('http://localhost:7600   sign in with the token below');
    expect(text).toContain("curl -s http://localhost:7600/v1/predictions -H 'Authorization: Bearer hth_secret'");
    expect(text).toContain('hearth/stream as containers; hearth/ocr as processes');
  });
  test('later has none, and needs none', () => {
    const text = plainSummary(facts);
    expect(text).not.toContain('Admin token');
    expect(text).toContain(
      'http://localhost:7600   sign in with a token: npm run hearth -- tokens add NAME --scope admin --operator',
    );
    expect(text).toContain('npm run -s hearth -- run hearth/stream -i text=');
  });
  test('without a web UI says so', () => {
    expect(plainSummary({ ...facts, webProblem: 'no room on the disk' })).toContain('(not built, see above)');
  });
  test('without examples says how to add a model', () => {
    expect(plainSummary({ ...facts, examples: [] })).toContain('models add IMAGE|FOLDER owner/name');
  });
});
