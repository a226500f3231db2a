import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kindsOf, type LedgerWorld, openLedgerWorld } from './ledger-world.ts';

let world: LedgerWorld;
beforeEach(async () => {
  world = await openLedgerWorld();
});
afterEach(() => world.close());

describe('planted in a chain', () => {
  test('a swapped pair', async () => {
    const [first, second] = await world.threeRuns();
    await world.tamper("update usage_seals set record_id = 'x' where record_id = $1", [first.id]);
    await world.tamper('update usage_seals set record_id = $1 where record_id = $2', [first.id, second.id]);
    await world.tamper("update usage_seals set record_id = $1 where record_id = 'x'", [second.id]);
    expect(kindsOf(await world.verified())).toEqual(['changed: hash', 'changed: hash']);
  });

  test('two places in the order of the export that were swapped', async () => {
    const [first, second] = await world.threeRuns();
    await world.tamper('update usage_seals set sequence = 9 where record_id = $1', [first.id]);
    await world.tamper('update usage_seals set sequence = 1 where record_id = $1', [second.id]);
    await world.tamper('update usage_seals set sequence = 2 where record_id = $1', [first.id]);
    expect(kindsOf(await world.verified())).toEqual(['out-of-order: sequence']);
  });

  test('a record put into the middle of a chain', async () => {
    const [, second] = await world.threeRuns();
    const late = await world.ran();
    await world.tamper('delete from usage_unsealed');
    await world.tamper('update usage_seals set position = position + 1, sequence = sequence + 1 where position = 3');
    await world.tamper(
      `insert into usage_seals (account_id, position, sequence, record_id, previous_hash, hash)
       select account_id, 3, 3, $2, hash, repeat('a', 64) from usage_seals where record_id = $1`,
      [second.id, late.id],
    );
    // The one behind it has its place in its hash too.
    expect(kindsOf(await world.verified())).toEqual(['broken-link: previous_hash', 'changed: hash', 'changed: hash']);
  });

  test('a fork', async () => {
    const [, second] = await world.threeRuns();
    const late = await world.ran();
    await world.tamper('delete from usage_unsealed');
    await world.tamper('alter table usage_seals drop constraint usage_seals_pkey');
    await world.tamper(
      `insert into usage_seals (account_id, position, sequence, record_id, previous_hash, hash)
       select account_id, position, 4, $2, previous_hash, repeat('a', 64) from usage_seals where record_id = $1`,
      [second.id, late.id],
    );
    expect(kindsOf(await world.verified())).toEqual(expect.arrayContaining(['changed: hash', 'forked: position']));
  });

  test('a record sealed twice', async () => {
    const [first] = await world.threeRuns();
    await world.tamper('alter table usage_seals drop constraint usage_seals_record_id_key');
    await world.tamper(
      `insert into usage_seals (account_id, position, sequence, record_id, previous_hash, hash)
       select account_id, 4, 4, $1, hash, repeat('a', 64) from usage_seals where position = 3`,
      [first.id],
    );
    expect(kindsOf(await world.verified())).toEqual(['changed: hash', 'sealed-twice: links']);
  });

  test('a chain that is gone as a whole, with all that it was about', async () => {
    const other = await world.ran('other');
    await world.sealAll();
    await world.threeRuns();
    for (const table of ['usage_records', 'predictions', 'usage_seals'])
      await world.tamper(`delete from ${table} where account_id = $1`, [other.accountId]);
    expect(kindsOf(await world.verified())).toEqual(['gap: sequence']);
  });

  test('a record that waits for its link for too long', async () => {
    await world.ran();
    expect((await world.verified()).differences).toEqual([]);
    await world.tamper("update usage_unsealed set noted_at = now() - interval '2 minutes'");
    expect(kindsOf(await world.verified())).toEqual(['not-sealed: link']);
  });
});
