import { CHAIN_START, PRICE_LEAD_MS, priceAt } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createStore, type SealedRecord } from '../src/index.ts';
import { type LedgerWorld, openLedgerWorld } from './ledger-world.ts';
import { newPrediction, until, usageOf } from './world.ts';

let world: LedgerWorld;
beforeEach(async () => {
  world = await openLedgerWorld();
});
afterEach(() => world.close());

const times = <T>(n: number, make: () => Promise<T>): Promise<T>[] => Array.from({ length: n }, make);

async function query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: world.url });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

async function sealed(after = 0, more: { accountId?: string; from?: number; to?: number } = {}) {
  const records: SealedRecord[] = [];
  for await (const page of world.store.ledger.sealed({ after, ...more })) records.push(...page);
  return records;
}

describe('what is written once', () => {
  test.each(['usage_records', 'usage_seals', 'hardware_prices'])('in %s is refused a change', async (table) => {
    await world.ran();
    await world.sealAll();
    const column = table === 'hardware_prices' ? 'sku' : 'account_id';
    for (const statement of [
      `update ${table} set ${column} = 'x'`,
      `update ${table} set ${column} = 'x' where false`,
      `delete from ${table}`,
      `truncate ${table}`,
    ])
      await expect(query(statement), statement).rejects.toThrow(`${table} is append-only`);
  });
});

describe('the sealer', () => {
  test('links each account by itself, and numbers all of them in one sequence', async () => {
    for (const account of ['a', 'b', 'a']) await world.ran(account);
    expect(await world.sealAll()).toBe(3);
    expect(await world.sealAll()).toBe(0);
    const links = await query<{ account_id: string; position: string; sequence: string; previous: boolean }>(
      `select account_id, position, sequence, previous_hash = $1 as first from usage_seals order by sequence`,
      [CHAIN_START],
    );
    expect(links).toEqual([
      { account_id: 'a', position: '1', sequence: '1', first: true },
      { account_id: 'b', position: '1', sequence: '2', first: true },
      { account_id: 'a', position: '2', sequence: '3', first: false },
    ]);
    expect((await world.verified()).differences).toEqual([]);
  });

  test('takes a long line in parts', async () => {
    for (let n = 0; n < 5; n++) await world.ran();
    expect(await world.store.ledger.seal(3)).toBe(3);
    expect(await world.store.ledger.seal(3)).toBe(2);
    expect((await world.verified()).differences).toEqual([]);
  });

  test('of many at once makes one chain of everything, without a fork or a hole', async () => {
    for (let n = 0; n < 12; n++) await world.ran(n % 2 === 0 ? 'a' : 'b');
    const other = await createStore({ url: world.url });
    const counts = await Promise.all(
      times(6, () => world.store.ledger.seal(3)).concat(times(6, () => other.ledger.seal(3))),
    );
    await other.close();
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(12);
    expect((await sealed()).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 12 }, (_, n) => n + 1));
    expect(await world.verified()).toMatchObject({ checked: { chains: 2, links: 12 }, differences: [] });
  });

  test('that dies in the middle has done nothing, and the next one does it all', async () => {
    await world.ran();
    await world.ran();
    await query(
      'create function die() returns trigger language plpgsql as $$ begin raise exception $a$power cut$a$; end $$',
    );
    await query('create trigger die before delete on usage_unsealed for each statement execute function die()');
    await expect(world.store.ledger.seal(10)).rejects.toThrow('power cut');
    expect(await sealed()).toEqual([]);
    await query('drop trigger die on usage_unsealed');
    expect(await world.sealAll()).toBe(2);
    expect((await world.verified()).differences).toEqual([]);
  });

  test('meets what commits late, behind what came after it', async () => {
    const { store, deployment, instanceId } = world;
    const late = await store.predictions.insert(newPrediction(deployment));
    const at = systemNow();
    const instance = { id: instanceId, versionId: deployment.versionId, hardwareSku: 'cpu' };
    const row = await store.predictions.claim({ predictionId: late.id, attempt: 0 }, instance, at - 1_500);
    if (row === null) throw new Error('the claim was refused');
    const writer = new Client({ connectionString: world.url });
    await writer.connect();
    await writer.query('begin');
    const { id, predictionId, attempt, ...record } = usageOf(row, deployment, { at });
    await writer.query(
      `insert into usage_records (id, prediction_id, attempt, account_id, model, version_id, deployment_id, hardware_sku,
        predict_microseconds, price_micros_per_second, cost_micros, status, at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [id, predictionId, attempt, ...Object.values({ ...record, at: new Date(at) })],
    );
    await world.ran();
    expect(await world.sealAll()).toBe(1);
    await writer.query(
      `update predictions set status = 'succeeded', metrics = '{"predict_time":1.5,"cost":0.000338}', completed_at = $2
       where id = $1`,
      [id, new Date(at)],
    );
    await writer.query('commit');
    await writer.end();
    expect(await world.sealAll()).toBe(1);
    const all = await sealed();
    expect(all.map((one) => one.id === late.id)).toEqual([false, true]);
    // Whoever had read the first is given the late one, though it is older.
    expect(await sealed(all[0]?.sequence)).toMatchObject([{ id: late.id, sequence: 2 }]);
    expect((await world.verified()).differences).toEqual([]);
  });

  test('waits for another that is at it', async () => {
    await world.ran();
    const other = new Client({ connectionString: world.url });
    await other.connect();
    await other.query('begin');
    await other.query('lock table usage_seals in share row exclusive mode');
    const sealing = world.store.ledger.seal(10);
    await until('the sealer waits', async () => {
      const waiting = await query("select from pg_locks where relation = 'usage_seals'::regclass and not granted");
      return waiting.length > 0;
    });
    // Whoever reads waits for nobody.
    expect(await sealed()).toEqual([]);
    await other.query('commit');
    await other.end();
    expect(await sealing).toBe(1);
  });
});

describe('sealed records', () => {
  test('come in their order, of one account, of a time, from a place on', async () => {
    const runs = [await world.ran('a'), await world.ran('b'), await world.ran('a')] as const;
    await world.sealAll();
    await world.ran('a');
    expect((await sealed()).map(({ id, sequence }) => [id, sequence])).toEqual(runs.map(({ id }, n) => [id, n + 1]));
    expect((await sealed(0, { accountId: 'a' })).map(({ sequence }) => sequence)).toEqual([1, 3]);
    expect((await sealed(1, { accountId: 'a' })).map(({ sequence }) => sequence)).toEqual([3]);
    const from = runs[1].completedAt ?? 0;
    expect((await sealed(0, { from })).map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect((await sealed(0, { to: from })).map(({ sequence }) => sequence)).toEqual([1]);
  });
});

describe('corrections', () => {
  const how = { reason: 'a gift', madeBy: 'ada' };

  test('are records of their own, numbered, in the chain and in the totals', async () => {
    const run = await world.ran();
    const at = systemNow();
    const first = await world.store.ledger.correct(run.id, { ...how, costMicros: -100, at });
    expect(first).toMatchObject({
      made: true,
      record: {
        id: `${run.id}.1`,
        kind: 'correction',
        corrects: run.id,
        predictionId: run.id,
        accountId: run.accountId,
        model: run.model,
        costMicros: -100,
        predictMicroseconds: 0,
        status: null,
        at,
        ...how,
      },
    });
    await world.store.ledger.correct(run.id, { ...how, costMicros: 25, at });
    expect(await world.sealAll()).toBe(3);
    expect((await world.verified()).differences).toEqual([]);
    expect(await world.store.usage.totals({ by: 'account' })).toMatchObject([
      { predictions: 1, predictMicroseconds: 2_000_000, costMicros: 375, correctionMicros: -75 },
    ]);
    const days = await world.store.usage.totals({ by: 'day', from: at });
    expect(days).toMatchObject([{ predictions: 0, costMicros: -75, correctionMicros: -75 }]);
    const listed = await world.store.usage.list({ limit: 9, kind: 'correction' });
    expect(listed.map(({ id }) => id)).toEqual([`${run.id}.2`, `${run.id}.1`]);
    // They ran nothing: what asks how long runs take does not meet them.
    expect(await world.store.usage.recentRuns(run.deploymentId, 9)).toEqual([2_000]);
  });

  test('under a key are made once, whatever is said the second time', async () => {
    const { id } = await world.ran();
    const give = (costMicros: number) =>
      world.store.ledger.correct(id, { ...how, costMicros, key: 'ticket-7', at: systemNow() });
    const [one, two] = await Promise.all([give(-10), give(-10)]);
    expect([one, two]).toMatchObject([{ record: { id: `${id}.ticket-7` } }, { record: { id: `${id}.ticket-7` } }]);
    expect([one, two].filter((each) => typeof each === 'object' && 'made' in each && each.made)).toHaveLength(1);
    expect(await give(-20)).toMatchObject({ made: false, record: { costMicros: -10 } });
  });

  test('at once never give back more than the run cost', async () => {
    const { id } = await world.ran();
    const given = await Promise.all(
      times(6, () => world.store.ledger.correct(id, { ...how, costMicros: -200, at: systemNow() })),
    );
    expect(given.filter((each) => typeof each === 'object' && 'made' in each)).toHaveLength(2);
    expect(given).toContainEqual({ leftMicros: 50 });
    expect(await world.store.usage.totals({ by: 'account' })).toMatchObject([{ costMicros: 50 }]);
  });

  test('need a record to correct', async () => {
    const { id } = await world.store.predictions.insert(newPrediction(world.deployment));
    expect(await world.store.ledger.correct(id, { ...how, costMicros: 1, at: systemNow() })).toBe('not-billed');
  });

  test('cannot be nothing, nor have run', async () => {
    const { id } = await world.ran();
    await expect(world.store.ledger.correct(id, { ...how, costMicros: 0, at: systemNow() })).rejects.toThrow(
      /usage_records_correction_check/,
    );
  });
});

describe('prices', () => {
  const cpu = async () => {
    const hardware = (await world.store.hosts.hardware()).find(({ sku }) => sku === 'cpu');
    if (hardware === undefined) throw new Error('there is no cpu');
    return hardware;
  };
  const shown = async () => (await cpu()).priceMicrosPerSecond;
  const inForce = async (at: number) => priceAt((await world.store.hosts.prices()).get('cpu') ?? [], at);

  test('hold from ever on, then from when they take effect, with who set them', async () => {
    const at = systemNow();
    await world.store.hosts.putHardware({ ...(await cpu()), priceMicrosPerSecond: 300 }, { at, setBy: 'ada' });
    expect(await inForce(0)).toBe(225);
    expect(await inForce(at + PRICE_LEAD_MS - 1)).toBe(225);
    expect(await inForce(at + PRICE_LEAD_MS)).toBe(300);
    // Shown at once: what starts by the time that somebody has read it may cost that.
    expect(await shown()).toBe(300);
    expect(await world.store.hosts.priceHistory('cpu')).toEqual([
      { priceMicrosPerSecond: 300, effectiveFrom: at + PRICE_LEAD_MS, setAt: at, setBy: 'ada' },
      { priceMicrosPerSecond: 225, effectiveFrom: 0, setAt: expect.any(Number), setBy: null },
    ]);
  });

  test('of the future are not shown before, and can be taken back from the same instant on', async () => {
    const from = systemNow() + 86_400_000;
    const hardware = await cpu();
    await world.store.hosts.putHardware({ ...hardware, priceMicrosPerSecond: 900 }, { from });
    expect(await shown()).toBe(225);
    expect(await inForce(from)).toBe(900);
    await world.store.hosts.putHardware(hardware, { from });
    expect(await inForce(from)).toBe(225);
  });

  test('that are in force already are not set again', async () => {
    const hardware = await cpu();
    await world.store.hosts.putHardware({ ...hardware, name: 'renamed' });
    expect(await cpu()).toMatchObject({ name: 'renamed', priceMicrosPerSecond: 225 });
    expect(await world.store.hosts.priceHistory('cpu')).toHaveLength(1);
  });

  test('outlive their hardware', async () => {
    await world.store.hosts.putHardware({ ...(await cpu()), sku: 'gone', priceMicrosPerSecond: 7 });
    expect(await world.store.hosts.removeHardware('gone')).toEqual({ removed: true, usedBy: [] });
    expect(await world.store.hosts.priceHistory('gone')).toMatchObject([{ priceMicrosPerSecond: 7 }]);
  });
});
