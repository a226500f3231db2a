import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { WireUsageRecord } from '@hearth/contract';
import { newId } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { brailleArea } from '../src/simulate/braille.ts';
import { gpusOption, likeHosts, mibOption, needOf } from '../src/simulate/fleet.ts';
import { policyOption } from '../src/simulate/policy.ts';
import { type Billing, historySource } from '../src/simulate/source.ts';
import { svgOf } from '../src/simulate/svg.ts';

describe('what is typed', () => {
  test.each([
    ['auto', { kind: 'auto' }],
    ['until-needed', { kind: 'until-needed' }],
    ['fixed:1h30m', { kind: 'fixed', ms: 5_400_000 }],
  ])('the policy %s', (text, keepAlive) => {
    expect(policyOption(text)).toEqual([{ name: text, keepAlive }]);
    expect(policyOption(text, policyOption('auto'))).toHaveLength(2);
  });
  test.each(['5m', 'fixed:', 'fixed:soon', 'forever'])('the policy %s is refused', (text) => {
    expect(() => policyOption(text)).toThrow(/allowed: fixed:5m|"soon" is not a duration/);
  });

  test('2x24GiB are two GPUs', () => {
    expect(gpusOption('2x24GiB')).toEqual({ gpus: 2, vramMiB: 24_576 });
    expect(() => gpusOption('24GiB')).toThrow('such as 2x24GiB');
    expect(() => gpusOption('2xbig')).toThrow('"big" is not a size');
    expect(() => mibOption('1kB')).toThrow('"1kB" is less than 1MiB');
  });

  test('an instance has a GPU to itself, or a share of one, or none where there are none', () => {
    const gpus = likeHosts(1, { gpus: 1, vramMiB: 1_000 }, undefined);
    const none = likeHosts(1, { gpus: 0, vramMiB: 0 }, 64);
    const nothing = { vramMiB: undefined, memoryMiB: undefined };
    expect(needOf(gpus, nothing)).toMatchObject({ gpus: 1, gpuShareMiB: 0 });
    expect(needOf(gpus, { ...nothing, vramMiB: 100 })).toMatchObject({ gpus: 0, gpuShareMiB: 100 });
    expect(needOf(none, { ...nothing, memoryMiB: 8 })).toMatchObject({ gpus: 0, memoryMiB: 8 });
  });
});

describe('plots', () => {
  test('a full column is full, half of it is half, and a little shows', () => {
    expect(brailleArea([8, 4, 0, 0.01], 8, 2)).toEqual(['⡇', '⣿⢀']);
  });
  test('nothing at all is blank', () => {
    expect(brailleArea([0, 0, 0], 0, 2)).toEqual(['', '']);
  });
  test('an SVG has a band for each curve, and no name of a file in it becomes markup', () => {
    const svg = svgOf([{ name: 'a<b>', values: [1, 2] }], { top: 2, hours: 3, unit: 'GPUs' });
    expect(svg).toContain('a&lt;b&gt;');
    expect(svg.match(/<path /g)).toHaveLength(1);
    expect(svg).toContain('3.0 h; GPUs');
  });
});

describe('the history of this installation', () => {
  const now = Date.parse('2026-01-31T12:00:00Z');
  const record = (minutesAgo: number, over: Partial<WireUsageRecord> = {}): WireUsageRecord => ({
    id: 'u',
    kind: 'run',
    // It waited for a minute before it ran.
    prediction: newId(now - (minutesAgo + 1) * 60_000),
    model: 'you/m',
    version: 'f'.repeat(64),
    hardware: 'gpu-t4',
    status: 'succeeded',
    predict_microseconds: 2_500_000,
    price_micros_per_second: 0,
    cost_micros: 0,
    at: new Date(now - minutesAgo * 60_000).toISOString(),
    corrects: null,
    reason: null,
    made_by: null,
    ...over,
  });
  const pages = (...list: WireUsageRecord[][]): Billing & { asked: number } => {
    const client = {
      asked: 0,
      usage: {
        records: async (next?: string) => {
          client.asked++;
          const n = Number(next ?? 0);
          return { results: list[n] ?? [], previous: null, next: n + 1 < list.length ? String(n + 1) : null };
        },
      },
    };
    return client;
  };

  test('page by page as far back as was asked, from the first arrival on', async () => {
    const client = pages(
      [record(1), record(1, { kind: 'correction' }), record(2, { hardware: 'cpu' })],
      [record(5), record(70)],
      [record(80)],
    );
    const { arrivals, hardwareOf } = await historySource(client, now - 3_600_000);
    expect(client.asked).toBe(2);
    expect(arrivals.map(({ at }) => at)).toEqual([0, 180_000, 240_000]);
    expect(arrivals[0]).toEqual({ at: 0, deploymentId: 'you/m:ffffffffffff', runMs: 2_500 });
    expect(hardwareOf).toEqual(new Map([['you/m:ffffffffffff', 'gpu-t4']]));
  });
  test('where nothing ran it says so', async () => {
    await expect(historySource(pages([record(70)]), now - 3_600_000)).rejects.toThrow('Nothing ran in that time');
  });
});

describe('hearth simulate', () => {
  const run = promisify(execFile);
  const hearth = (...args: string[]) =>
    run(process.execPath, [join(import.meta.dirname, '../src/main.ts'), 'simulate', ...args], {
      env: { ...process.env, NO_COLOR: '1' },
    });
  let folder: string;
  let trace: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearth-simulate-'));
    trace = join(folder, 'trace.csv.gz');
    // Every ten minutes for a day, of two models in turn: a keep-alive of five minutes misses them all.
    const lines = Array.from({ length: 144 }, (_, n) => `${n * 600},m${n % 2},5`);
    writeFileSync(trace, gzipSync(`time,model,seconds\n${lines.join('\n')}\n`));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('compares policies, side by side, with a plot', async () => {
    const svg = join(folder, 'plot.svg');
    const fleet = ['--hosts', '1', '--gpus', '2x24GiB', '--gpu-hour', '2', '--svg', svg];
    const { stdout } = await hearth(trace, ...fleet, '--policy', 'fixed:5m', '--policy', 'until-needed');
    // Boots of 30 s, runs of 5 s, five idle minutes: 144 times, of which the last is cut short.
    expect(stdout).toMatch(/fixed:5m +144 \(100\.0%\) +30\.0 s +30\.0 s +30\.0 s +144 +11\.9 +13\.3 +1 +26\.67/);
    expect(stdout).toMatch(/until-needed +2 \(1\.4%\) +0\.0 s +0\.0 s +30\.0 s +2 /);
    expect(stdout).toContain('GPUs held over 24 h');
    expect(readFileSync(svg, 'utf8')).toContain('until-needed');
  });

  test('as JSON, with the policies that it has by itself', async () => {
    const { stdout } = await hearth(trace, '--hosts', '1', '--memory', '8GiB', '--model-memory', '6GiB', '--json');
    const rows = JSON.parse(stdout);
    expect(rows.map((row: { policy: string }) => row.policy)).toEqual(['fixed:5m', 'auto', 'until-needed']);
    // There is room for one of the two at a time.
    expect(rows[2]).toMatchObject({ cold_starts: 144, hours_of: 'instance', peak: 1, cost: null, unfinished: 0 });
  });

  test.each([
    { args: ['trace.csv'], says: /trace\.csv: line 2, column time: "noon"/ },
    { args: ['gone.csv'], says: /gone\.csv cannot be read: ENOENT/ },
    { args: [], says: /Give either a trace or --history/ },
    { args: ['trace.csv', '--history', '7d'], says: /Give either a trace or --history/ },
    { args: ['trace.csv', '--gpus', '2x24GiB'], says: /trace\.csv|give --hosts too/ },
    {
      args: ['trace.csv', '--hosts', '0'],
      says: /--hosts <count>' argument '0' is invalid\. allowed: a whole number from 1/,
    },
    { args: ['trace.csv', '--policy', '5m'], says: /allowed: fixed:5m/ },
    { args: ['trace.csv', '--columns', 'when=x'], says: /allowed: such as time=created/ },
  ])('$args is refused in words', async ({ args, says }) => {
    writeFileSync(join(folder, 'trace.csv'), 'time,model\nnoon,a\n');
    const paths = args.map((arg) => (arg.endsWith('.csv') ? join(folder, arg) : arg));
    const hosts = args.includes('--hosts') || args.includes('--gpus') ? [] : ['--hosts', '1'];
    await expect(hearth(...paths, ...hosts)).rejects.toMatchObject({ stderr: expect.stringMatching(says) });
  });
});
