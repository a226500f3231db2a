import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import type { WireLedgerDifference, WireVerifiedLine } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { verified, verifiedJson, verifiedText } from '../src/commands/usage-verify.ts';
import { UsageError } from '../src/connect.ts';
import { micros, money } from '../src/money.ts';

const COUNTS = { predictions: 4, records: 3, corrections: 1, chains: 2, links: 3, unsealed: 1, unpriced: 0 };
const changed: WireLedgerDifference = {
  kind: 'wrong-cost',
  account: 'ada',
  prediction: 'p1',
  record: 'p1',
  what: 'cost_micros',
  expected: 450,
  found: 1,
};
const gap: WireLedgerDifference = {
  kind: 'gap',
  account: null,
  prediction: null,
  record: null,
  what: 'sequence',
  expected: 9,
  found: null,
};

const line = (differences: WireLedgerDifference[], done = false): WireVerifiedLine => ({
  done,
  checked: COUNTS,
  differences,
});
async function* told(...lines: WireVerifiedLine[]) {
  yield* lines;
}
const textOf = async (...lines: WireVerifiedLine[]) =>
  stripVTControlCharacters(verifiedText(await verified(told(...lines))));

describe('what `usage verify` prints', () => {
  test('of a ledger that is as it should be: what was looked at', async () => {
    expect(await textOf(line([]), line([], true))).toBe(
      '4 predictions, 3 records, 1 correction, 3 links in 2 chains, 1 not linked yet: no difference',
    );
  });
  test('of one that is not: each difference, with what was expected and what was found', async () => {
    const printed = await textOf(line([changed]), line([gap]), line([], true));
    expect(printed).toMatch(/: 2 differences\n/);
    expect(printed).toMatch(/^wrong-cost +ada +p1 +cost_micros +450 +1$/m);
    expect(printed).toMatch(/^gap +sequence +9 +none$/m);
  });
  test('as JSON is one line, with the counts and the differences', async () => {
    const json = verifiedJson(await verified(told(line([changed]), line([], true))));
    expect(json).not.toContain('\n');
    expect(JSON.parse(json)).toEqual({ ...COUNTS, difference_count: 1, differences: [changed] });
  });
  test('of very many the first, and how many there are', async () => {
    const many = Array.from({ length: 700 }, () => changed);
    const found = await verified(told(line(many), line(many), line([], true)));
    expect(found).toMatchObject({ count: 1_400 });
    expect(found.differences).toHaveLength(1_000);
    expect(verifiedText(found)).toMatch(/… and 400 more$/);
  });
  test('nothing where the answer was cut off', async () => {
    await expect(verified(told(line([])))).rejects.toThrow(UsageError);
  });
});

describe('an amount', () => {
  test.each([
    ['0.000225', 225],
    ['-0.5', -500_000],
    ['0', 0],
  ])('of %s is %i millionths', (given, amount) => expect(micros('--cost', given)).toBe(amount));
  test.each(['', 'free', 'Infinity'])('of "%s" is refused', (given) =>
    expect(() => micros('--cost', given)).toThrow('--cost is'),
  );
  test('is printed with six digits', () => expect(money(-1_500_000)).toBe('-1.500000'));
});

describe('`usage export`', () => {
  const LINES = 20_000;
  let server: Server;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.end(Array.from({ length: LINES }, (_, n) => `{"sequence":"${n + 1}"}\n`).join(''));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
  });
  afterAll(() => server.close());

  const exporting = () => {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : null;
    const env = { ...process.env, HEARTH_URL: `http://127.0.0.1:${port}`, HEARTH_API_TOKEN: 'hth_of_the_test' };
    const main = join(import.meta.dirname, '../src/main.ts');
    return spawn(process.execPath, [main, 'usage', 'export'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  };

  test('prints every line', async () => {
    const child = exporting();
    const [stdout] = await Promise.all([text(child.stdout), once(child, 'close')]);
    expect(stdout.trimEnd().split('\n')).toHaveLength(LINES);
    expect(stdout.endsWith(`{"sequence":"${LINES}"}\n`)).toBe(true);
  });

  test('ends without a word where nobody reads on', async () => {
    const child = exporting();
    const said = text(child.stderr);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(await said).toBe('');
  });
});
