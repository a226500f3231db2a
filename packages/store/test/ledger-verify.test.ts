import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kindsOf, type LedgerWorld, openLedgerWorld } from './ledger-world.ts';
import { newPrediction } from './world.ts';

let world: LedgerWorld;
beforeEach(async () => {
  world = await openLedgerWorld();
});
afterEach(() => world.close());

test('a ledger that is as it should be has no difference, and says what was looked at', async () => {
  const [run] = await world.threeRuns();
  await world.ran('another');
  await world.store.ledger.correct(run.id, { costMicros: -100, reason: 'a gift', madeBy: 'ada', at: run.createdAt });
  await world.sealAll();
  await world.ran();
  const { checked, differences } = await world.verified();
  expect(differences).toEqual([]);
  expect(checked).toEqual({
    predictions: 5,
    records: 5,
    corrections: 1,
    chains: 2,
    links: 5,
    unsealed: 1,
    unpriced: 0,
  });
  expect((await world.verified('another')).checked).toMatchObject({ predictions: 1, records: 1, links: 1, chains: 1 });
});

test('what never ran, was aborted or lost its instances costs nothing and is no difference', async () => {
  const { store, deployment } = world;
  const metrics = { predict_time: 0, total_time: 1, cost: 0 };
  for (const status of ['aborted', 'canceled', 'failed'] as const) {
    const { id } = await store.predictions.insert(newPrediction(deployment));
    await store.predictions.finish(id, null, { status, metrics, completedAt: Date.now() }, null);
  }
  expect(await world.verified()).toMatchObject({ checked: { predictions: 3, records: 0 }, differences: [] });
});

describe('planted differences', () => {
  test('a record that was removed, with its link', async () => {
    const [, { id }] = await world.threeRuns();
    await world.tamper('delete from usage_records where id = $1', [id]);
    expect(kindsOf(await world.verified())).toEqual(['not-billed: predict_microseconds', 'removed: record']);
    await world.tamper('delete from usage_seals where record_id = $1', [id]);
    expect(kindsOf(await world.verified())).toEqual([
      'gap: position',
      'gap: sequence',
      'not-billed: predict_microseconds',
    ]);
  });

  test('the last record of a chain, removed with its link', async () => {
    const [, , { id }] = await world.threeRuns();
    await world.tamper('delete from usage_records where id = $1', [id]);
    await world.tamper('delete from usage_seals where record_id = $1', [id]);
    expect(kindsOf(await world.verified())).toEqual(['not-billed: predict_microseconds']);
  });

  test('a record that was removed before it was sealed', async () => {
    const { id } = await world.ran();
    await world.tamper('delete from usage_records where id = $1', [id]);
    expect(kindsOf(await world.verified())).toEqual(['not-billed: predict_microseconds', 'removed: record']);
    expect(await world.sealAll()).toBe(0);
  });

  test('a record that never came to be, of a run whose metrics say nothing any more', async () => {
    const { id } = await world.ran();
    await world.tamper('delete from usage_records');
    await world.tamper('delete from usage_unsealed');
    await world.tamper('update predictions set metrics = null where id = $1', [id]);
    expect(kindsOf(await world.verified())).toEqual(['not-billed: predict_microseconds']);
  });

  test('a cost that was edited', async () => {
    const [, { id }] = await world.threeRuns();
    await world.tamper('update usage_records set cost_micros = 1 where id = $1', [id]);
    const found = await world.verified();
    expect(kindsOf(found)).toEqual(['changed: hash', 'wrong-cost: cost_micros', 'wrong-field: metrics.cost']);
    expect(found.differences).toContainEqual(
      expect.objectContaining({ kind: 'wrong-cost', recordId: id, expected: 450, found: 1 }),
    );
  });

  test('a cost that was edited together with its prediction and its link', async () => {
    const [, { id }] = await world.threeRuns();
    await world.tamper('update usage_records set predict_microseconds = 1000000, cost_micros = 225 where id = $1', [
      id,
    ]);
    await world.tamper(`update predictions set metrics = '{"predict_time":1,"cost":0.000225}' where id = $1`, [id]);
    await world.tamper("update usage_seals set hash = repeat('a', 64) where record_id = $1", [id]);
    expect(kindsOf(await world.verified())).toEqual(['broken-link: previous_hash', 'changed: hash']);
  });

  test.each([
    ['account', 'account_id', 'somebody'],
    ['model', 'model', 'a/b'],
    ['version', 'version_id', 'v'],
    ['deployment', 'deployment_id', 'd'],
    ['status', 'status', 'failed'],
    ['predict_microseconds', 'predict_microseconds', 1_999_999],
    ['at', 'at', '2026-01-01T00:00:00Z'],
  ])('another %s', async (what, column, value) => {
    const { id } = await world.ran();
    await world.tamper(`update usage_records set ${column} = $2 where id = $1`, [id, value]);
    expect(kindsOf(await world.verified())).toEqual([`wrong-field: ${what}`]);
  });

  test('a price that was not in force', async () => {
    const { id } = await world.ran();
    await world.tamper('update usage_records set price_micros_per_second = 300, cost_micros = 600 where id = $1', [id]);
    await world.tamper(`update predictions set metrics = '{"predict_time":2,"cost":0.0006}' where id = $1`, [id]);
    const { differences } = await world.verified();
    expect(differences).toMatchObject([{ kind: 'wrong-price', recordId: id, expected: 225, found: 300 }]);
  });

  test('hardware that never had a price', async () => {
    const { id } = await world.ran();
    await world.tamper("update predictions set hardware_sku = 'gone' where id = $1", [id]);
    await world.tamper("update usage_records set hardware_sku = 'gone' where id = $1", [id]);
    expect(kindsOf(await world.verified())).toEqual(['wrong-price: price_micros_per_second']);
  });

  test('a second record of a prediction', async () => {
    const [, { id }] = await world.threeRuns();
    await world.tamper('drop index usage_records_prediction_id_key');
    await world.tamper(
      `insert into usage_records (id, prediction_id, attempt, account_id, model, version_id, deployment_id, hardware_sku,
        predict_microseconds, price_micros_per_second, cost_micros, status, at)
       select 'again', prediction_id, attempt, account_id, model, version_id, deployment_id, hardware_sku,
        predict_microseconds, price_micros_per_second, cost_micros, status, at from usage_records where id = $1`,
      [id],
    );
    // The trigger that notes it was off, so nothing will ever seal it; and it runs beside itself.
    expect(kindsOf(await world.verified())).toEqual([
      'billed-twice: record',
      `more-than-slots: billed at once on instance ${world.instanceId}`,
      'not-sealed: link',
    ]);
  });

  test('a record of a lost attempt', async () => {
    const { id } = await world.ran();
    await world.tamper('update predictions set attempt = 2, lost_attempts = 1 where id = $1', [id]);
    expect(kindsOf(await world.verified())).toEqual(['wrong-field: attempt']);
  });

  test.each([
    ['lost its instances too often', "update predictions set status = 'failed', started_at = null where id = $1"],
    ['was aborted', "update predictions set status = 'aborted' where id = $1"],
    [
      'has not ended',
      "update predictions set status = 'processing', completed_at = null, instance_id = 'i' where id = $1",
    ],
  ])('a record of a prediction that %s', async (_name, change) => {
    const { id } = await world.ran();
    await world.tamper(change, [id]);
    expect(kindsOf(await world.verified())).toEqual(['billed-without-run: prediction']);
  });

  test('a record without its prediction', async () => {
    const { id } = await world.ran();
    await world.tamper('delete from predictions where id = $1', [id]);
    expect(kindsOf(await world.verified())).toEqual(['billed-without-prediction: prediction']);
  });

  test.each([
    ['began before its instance was ready', '{"ready": 9000000000000}', 'ready', 'ready before'],
    ['went on after its instance had stopped', '{}', 'stopped', 'billed until'],
  ])('a run that %s', async (_name, phases, state, what) => {
    await world.ran();
    await world.tamper('update instances set phases = $2, state = $3, since = created_at where id = $1', [
      world.instanceId,
      phases,
      state,
    ]);
    expect(kindsOf(await world.verified())).toEqual([`outside-instance: ${what}`]);
  });

  test('a run on no instance', async () => {
    const { id } = await world.ran();
    await world.tamper("update predictions set instance_id = 'nowhere' where id = $1", [id]);
    expect(kindsOf(await world.verified())).toEqual(['outside-instance: instance']);
  });

  test('a lost host says nothing of when its instances ended', async () => {
    await world.ran();
    await world.tamper(
      `update instances set state = 'failed', since = created_at, failure = '{"kind":"lost"}' where id = $1`,
      [world.instanceId],
    );
    expect((await world.verified()).differences).toEqual([]);
  });

  test('two runs at once in one slot', async () => {
    const first = await world.ran();
    const { id } = await world.ran();
    await world.tamper('update predictions set started_at = $2 where id = $1', [id, new Date(first.startedAt ?? 0)]);
    const { differences } = await world.verified();
    expect(differences).toMatchObject([{ kind: 'more-than-slots', expected: 1, found: 2 }]);
    await world.tamper('update instances set slots = 2');
    expect((await world.verified()).differences).toEqual([]);
  });

  test('a correction of another account, or of nothing', async () => {
    const run = await world.ran();
    await world.store.ledger.correct(run.id, { costMicros: 1, reason: 'r', madeBy: 'ada', at: run.createdAt });
    const id = `${run.id}.1`;
    await world.tamper("update usage_records set account_id = 'thief' where id = $1", [id]);
    expect(kindsOf(await world.verified())).toEqual(['wrong-correction: corrects']);
    await world.tamper("update usage_records set account_id = $2, corrects = 'x' where id = $1", [id, run.accountId]);
    expect(kindsOf(await world.verified())).toEqual(['wrong-correction: corrects']);
  });

  test('corrections that give back more than the run cost', async () => {
    const run = await world.ran();
    const correction = { reason: 'r', madeBy: 'ada', at: run.createdAt };
    await world.store.ledger.correct(run.id, { costMicros: 5, ...correction });
    await world.store.ledger.correct(run.id, { costMicros: -455, ...correction });
    expect((await world.verified()).differences).toEqual([]);
    await world.tamper('update usage_records set cost_micros = -456 where id = $1', [`${run.id}.2`]);
    const { differences } = await world.verified();
    expect(differences).toMatchObject([{ kind: 'wrong-correction', predictionId: run.id, expected: 0, found: -1 }]);
  });
});

test('what ran before prices were noted is counted, and its price believed', async () => {
  await world.ran();
  await world.tamper('update hardware_prices set effective_from = now()');
  await world.tamper('update usage_records set price_micros_per_second = 100, cost_micros = 200');
  await world.tamper(`update predictions set metrics = '{"predict_time":2}'`);
  expect(await world.verified()).toMatchObject({ checked: { unpriced: 1 }, differences: [] });
});

test('a metric that holds what Postgres cannot read as text is no obstacle', async () => {
  const { id } = await world.ran();
  await world.tamper(
    String.raw`update predictions set metrics = '{"predict_time":2,"cost":0.00045,"said":"\u0000"}' where id = $1`,
    [id],
  );
  expect((await world.verified()).differences).toEqual([]);
});

test('a prediction keeps what its bill is checked with when its data is removed', async () => {
  await world.threeRuns();
  expect(await world.store.retention.emptyPredictions(Date.now(), Date.now(), 10)).toBe(3);
  expect(await world.verified()).toMatchObject({ checked: { predictions: 3 }, differences: [] });
});

test('all of it is as of one instant, whatever is written meanwhile', async () => {
  const { id } = await world.ran();
  const parts = world.store.ledger.verify({})[Symbol.asyncIterator]();
  await parts.next();
  await world.tamper('update usage_records set cost_micros = 1 where id = $1', [id]);
  await world.store.predictions.insert(newPrediction(world.deployment));
  for (let part = await parts.next(); !part.done; part = await parts.next()) expect(part.value.differences).toEqual([]);
  expect((await world.verified()).differences).not.toEqual([]);
});
