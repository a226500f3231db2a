import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DeploymentGone, type DeploymentRow, type PredictionRow, type Store } from '../src/index.ts';
import { addDeployment, newPrediction, openWorld, usageOf, type World } from './world.ts';

let world: World;
let store: Store;
let deployment: DeploymentRow;
const at = systemNow();
const instance = { id: 'instance-1', versionId: 'version-2', hardwareSku: 'gpu' };

beforeAll(async () => {
  world = await openWorld();
  store = world.store;
  deployment = await addDeployment(store);
});
afterAll(() => world.close());

const waiting = (change: Parameters<typeof newPrediction>[1] = {}) =>
  store.predictions.insert(newPrediction(deployment, change));
const claimed = async (prediction: PredictionRow): Promise<PredictionRow> => {
  const row = await store.predictions.claim({ predictionId: prediction.id, attempt: prediction.attempt }, instance, at);
  if (!row) throw new Error('the claim was refused');
  return row;
};
const running = async () => claimed(await waiting());
const end = { status: 'succeeded' as const, output: ['a', 'b'], logs: 'done\n', completedAt: at + 2000 };
const billOf = (prediction: PredictionRow, attempt = 1) => usageOf(prediction, deployment, { attempt });
const billed = async (id: string) =>
  (await store.usage.list({ limit: 1000 })).filter((record) => record.predictionId === id);

describe('insert', () => {
  test('answers what the table holds, to the millisecond and to the key order', async () => {
    const row = await waiting({
      input: { zebra: 1, a: { nested: ['\u0000', '\ud800', 'é'] }, empty: null },
      webhook: 'https://example.com/hook',
      webhookEventsFilter: ['start', 'completed'],
      createdAt: 1_700_000_000_123,
      deadlineAt: 1_700_000_060_999,
    });
    const read = await store.predictions.get(row.id);
    expect(read).toEqual(row);
    expect(Object.keys(read?.input ?? {})).toEqual(['zebra', 'a', 'empty']);
  });

  test('is refused where the deployment is gone', async () => {
    const gone = { ...deployment, id: newId(at) };
    await expect(store.predictions.insert(newPrediction(gone))).rejects.toThrow(DeploymentGone);
  });

  test('an id is taken once', async () => {
    const row = await waiting();
    await expect(waiting({ id: row.id })).rejects.toThrow(/predictions_pkey/);
  });
});

describe('claim', () => {
  test('raises the attempt and takes version and hardware of the instance', async () => {
    expect(await running()).toMatchObject({
      status: 'processing',
      attempt: 1,
      instanceId: 'instance-1',
      versionId: 'version-2',
      hardwareSku: 'gpu',
      startedAt: at,
    });
  });

  test('of two at once, one wins', async () => {
    const { id } = await waiting();
    const claims = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) =>
        store.predictions.claim({ predictionId: id, attempt: 0 }, { ...instance, id: name }, at),
      ),
    );
    expect(claims.filter((row) => row !== null)).toHaveLength(1);
  });

  test.each([
    [
      'the ticket is of an earlier attempt',
      async () => await store.predictions.giveBack((await running()).id, 1, true),
      0,
    ],
    ['the ticket is ahead of the row', () => waiting(), 1],
    ['it runs already', () => running(), 1],
    ['it was canceled', async () => store.predictions.requestCancel((await waiting()).id, at), 0],
    ['its deadline has come', () => waiting({ deadlineAt: at }), 0],
    [
      'it is over',
      async () => store.predictions.finish((await waiting()).id, null, { status: 'canceled', completedAt: at }, null),
      0,
    ],
  ])('is refused when %s', async (_, make, attempt) => {
    const row = await make();
    expect(row).not.toBeNull();
    expect(await store.predictions.claim({ predictionId: row?.id ?? '', attempt }, instance, at)).toBeNull();
    expect(await store.predictions.get(row?.id ?? '')).toEqual(row);
  });

  test('is granted up to the deadline', async () => {
    const { id } = await waiting({ deadlineAt: at + 1 });
    expect(await store.predictions.claim({ predictionId: id, attempt: 0 }, instance, at)).not.toBeNull();
  });
});

describe('progress', () => {
  test('writes what is given and leaves the rest', async () => {
    const { id } = await running();
    expect(await store.predictions.progress(id, 1, { logs: 'one\n', startedAt: at + 5 })).toBe(true);
    expect(await store.predictions.progress(id, 1, { output: ['o'] })).toBe(true);
    expect(await store.predictions.get(id)).toMatchObject({ logs: 'one\n', output: ['o'], startedAt: at + 5 });
  });

  test('is refused for another attempt, for a waiting one and for one that is over', async () => {
    const { id } = await running();
    expect(await store.predictions.progress(id, 2, { logs: 'x' })).toBe(false);
    await store.predictions.giveBack(id, 1, false);
    expect(await store.predictions.progress(id, 1, { logs: 'x' })).toBe(false);
    await store.predictions.finish(id, null, { status: 'failed', completedAt: at }, null);
    expect(await store.predictions.progress(id, 1, { logs: 'x' })).toBe(false);
    expect((await store.predictions.get(id))?.logs).toBe('');
  });

  test('a NUL in a log does not stop it', async () => {
    const { id } = await running();
    expect(await store.predictions.progress(id, 1, { logs: 'a\0b', output: 'c\0d' })).toBe(true);
    expect(await store.predictions.get(id)).toMatchObject({ logs: 'a\ufffdb', output: 'c\0d' });
  });
});

describe('giveBack', () => {
  test('clears what the attempt left; only a lost one counts', async () => {
    const { id } = await running();
    await store.predictions.progress(id, 1, { logs: 'half', output: 'ha' });
    expect(await store.predictions.giveBack(id, 1, false)).toMatchObject({
      status: 'starting',
      attempt: 1,
      lostAttempts: 0,
      instanceId: null,
      startedAt: null,
      output: null,
      logs: '',
    });
    await store.predictions.claim({ predictionId: id, attempt: 1 }, instance, at);
    expect(await store.predictions.giveBack(id, 2, true)).toMatchObject({ attempt: 2, lostAttempts: 1 });
    expect(await store.predictions.giveBack(id, 2, true)).toBeNull();
  });
});

describe('finish', () => {
  test('ends the prediction and bills it', async () => {
    const prediction = await running();
    const over = await store.predictions.finish(
      prediction.id,
      1,
      { ...end, metrics: { predict_time: 1.5 } },
      billOf(prediction),
    );
    expect(over).toMatchObject({ ...end, status: 'succeeded', error: null, metrics: { predict_time: 1.5 } });
    const asRun = { kind: 'run', corrects: null, reason: null, madeBy: null };
    expect(await billed(prediction.id)).toEqual([{ ...billOf(prediction), ...asRun, at: expect.any(Number) }]);
  });

  test('of many at once, one ends it, and there is one bill', async () => {
    const prediction = await running();
    const ends = await Promise.all(
      Array.from({ length: 6 }, () => store.predictions.finish(prediction.id, 1, end, billOf(prediction))),
    );
    expect(ends.filter((row) => row !== null)).toHaveLength(1);
    expect(await billed(prediction.id)).toHaveLength(1);
  });

  test('is fenced by the attempt: the one that was given back ends nothing and bills nothing', async () => {
    const prediction = await running();
    await store.predictions.giveBack(prediction.id, 1, true);
    expect(await store.predictions.finish(prediction.id, 1, end, billOf(prediction))).toBeNull();
    await store.predictions.claim({ predictionId: prediction.id, attempt: 1 }, instance, at);
    expect(await store.predictions.finish(prediction.id, 1, end, billOf(prediction))).toBeNull();
    expect(await billed(prediction.id)).toEqual([]);
    expect(await store.predictions.finish(prediction.id, 2, end, billOf(prediction, 2))).toMatchObject({ attempt: 2 });
    expect(await billed(prediction.id)).toHaveLength(1);
  });

  test('without an attempt, ends only what waits', async () => {
    const prediction = await running();
    const failed = { status: 'failed' as const, error: 'no such image', completedAt: at };
    expect(await store.predictions.finish(prediction.id, null, failed, null)).toBeNull();
    await store.predictions.giveBack(prediction.id, 1, true);
    expect(await store.predictions.finish(prediction.id, null, failed, null)).toMatchObject(failed);
  });

  test('a bill that stands already keeps the prediction from ending unbilled', async () => {
    const first = await running();
    const second = await running();
    await store.predictions.finish(first.id, 1, end, { ...billOf(first), id: second.id });
    await expect(store.predictions.finish(second.id, 1, end, billOf(second))).rejects.toThrow(/usage_records_pkey/);
    expect(await store.predictions.get(second.id)).toMatchObject({ status: 'processing', completedAt: null });
  });

  test('refuses the bill of another prediction or attempt', async () => {
    const prediction = await running();
    const other = await running();
    await expect(store.predictions.finish(prediction.id, 1, end, billOf(other))).rejects.toThrow(/cannot end/);
    await expect(store.predictions.finish(prediction.id, 1, end, billOf(prediction, 2))).rejects.toThrow(/cannot end/);
  });

  test('follows the table of moves', async () => {
    const { id } = await waiting();
    await expect(store.predictions.finish(id, null, end, null)).rejects.toThrow(
      'cannot be succeeded while it is starting',
    );
    await expect(
      store.predictions.finish((await running()).id, 1, { status: 'aborted', completedAt: at }, null),
    ).rejects.toThrow('cannot be aborted while it is processing');
  });

  test('keeps partial output and logs that the end does not mention', async () => {
    const { id } = await running();
    await store.predictions.progress(id, 1, { logs: 'so far', output: ['part'] });
    const over = await store.predictions.finish(id, 1, { status: 'canceled', completedAt: at }, null);
    expect(over).toMatchObject({ status: 'canceled', logs: 'so far', output: ['part'] });
  });

  test('money beyond 2^53 is refused when read, not rounded', async () => {
    const prediction = await running();
    const account = newId(at);
    const bill = { ...billOf(prediction), accountId: account, costMicros: Number.MAX_SAFE_INTEGER };
    await store.predictions.finish(prediction.id, 1, end, bill);
    expect((await store.usage.totals({ by: 'account', accountId: account }))[0]?.costMicros).toBe(
      Number.MAX_SAFE_INTEGER,
    );
    const another = await running();
    await store.predictions.finish(another.id, 1, end, { ...billOf(another), accountId: account, costMicros: 1 });
    await expect(store.usage.totals({ by: 'account', accountId: account })).rejects.toThrow('exceeds 9007199254740991');
  });
});

describe('requestCancel', () => {
  test('marks an unfinished one once, and leaves a finished one as it is', async () => {
    const { id } = await waiting();
    expect(await store.predictions.requestCancel(id, at)).toMatchObject({ cancelRequestedAt: at });
    expect(await store.predictions.requestCancel(id, at + 9)).toMatchObject({ cancelRequestedAt: at });
    const over = await store.predictions.finish(id, null, { status: 'canceled', completedAt: at }, null);
    expect(await store.predictions.requestCancel(id, at + 99)).toEqual(over);
    expect(await store.predictions.requestCancel(newId(at), at)).toBeNull();
  });
});
