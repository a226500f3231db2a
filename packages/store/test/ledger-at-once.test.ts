import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LedgerWorld, openLedgerWorld } from './ledger-world.ts';

/** More than verification reads at once. */
const MANY = 1_100;
const EVERY_MS = 3_000;
const RUN_MS = 2_000;

let world: LedgerWorld;
/** Epoch milliseconds. */
let begin: number;
let template: string;
beforeEach(async () => {
  world = await openLedgerWorld();
  const { id, startedAt } = await world.ran();
  [template, begin] = [id, startedAt ?? 0];
  await world.tamper('update instances set slots = 2');
  await add('1', MANY, { startedAt: begin + EVERY_MS, forMs: RUN_MS });
});
afterEach(() => world.close());

/** Predictions like the first, with their records, one every three seconds. */
async function add(prefix: string, count: number, run: { startedAt: number; forMs: number }): Promise<void> {
  const times = `jsonb_build_object('started_at', to_timestamp(($3::bigint + n * $4::bigint) / 1000.0),
    'completed_at', to_timestamp(($3::bigint + n * $4::bigint + $5::bigint) / 1000.0))`;
  const copies = `generate_series(0, $2::integer - 1) as n`;
  const id = `$6 || lpad(n::text, 25, '0')`;
  const values = [template, count, run.startedAt, EVERY_MS, run.forMs, prefix];
  await world.tamper(
    `with added as (
      insert into predictions
      select (jsonb_populate_record(predictions, jsonb_build_object('id', ${id}) || ${times})).*
      from predictions, ${copies} where id = $1 returning id, completed_at
    )
    insert into usage_records
    select (jsonb_populate_record(usage_records, jsonb_build_object('id', added.id, 'prediction_id', added.id,
      'at', added.completed_at, 'predict_microseconds', $5::bigint * 1000))).*
    from usage_records, added where usage_records.id = $1`,
    values,
  );
}

const tooMany = async () => {
  const { checked, differences } = await world.verified();
  return { records: checked.records, found: differences.filter(({ kind }) => kind === 'more-than-slots') };
};

test('a run beside all others, one after the other, is within two slots, however many there are', async () => {
  await add('2', 1, { startedAt: begin, forMs: (MANY + 2) * EVERY_MS });
  expect(await tooMany()).toEqual({ records: MANY + 2, found: [] });
});

test('three at once are found wherever they are, once, with the most there were', async () => {
  await add('2', 1, { startedAt: begin, forMs: (MANY + 2) * EVERY_MS });
  await add('3', 1, { startedAt: begin + EVERY_MS + 1, forMs: 10 });
  for (const prefix of ['4', '5']) await add(prefix, 1, { startedAt: begin + MANY * EVERY_MS + 1, forMs: 10 });
  expect(await tooMany()).toMatchObject({
    records: MANY + 5,
    found: [{ what: `billed at once on instance ${world.instanceId}`, expected: 2, found: 4 }],
  });
});

test('of an account, only instances that ran something for it are looked at', async () => {
  await add('2', 2, { startedAt: begin + EVERY_MS + 1, forMs: 10 });
  await add('3', 2, { startedAt: begin + EVERY_MS + 1, forMs: 10 });
  expect((await tooMany()).found).toHaveLength(1);
  expect((await world.verified('account')).differences.map(({ kind }) => kind)).toContain('more-than-slots');
  expect((await world.verified('another')).differences).toEqual([]);
});
