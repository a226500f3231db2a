import { systemNow } from '@hearth/kit';
import { describe, expect, test } from 'vitest';
import type { DeploymentRow, PredictionRow, Store } from '../../src/index.ts';
import { addDeployment, addInstance, usageOf } from '../world.ts';
import { INSTANCE, type OpenStore, onOneStore, Requests } from './under-test.ts';

/** The end of a prediction, its bill, and the seal of that. */
export function finishContract(open: OpenStore): void {
  let store: Store;
  let deployment: DeploymentRow;
  let requests: Requests;
  const at = systemNow();
  onOneStore(open, async (world) => {
    store = world.store;
    deployment = await addDeployment(store);
    requests = new Requests(store, deployment, at);
  });

  const end = { status: 'succeeded' as const, output: ['a', 'b'], logs: 'done\n', completedAt: at + 2000 };
  const billOf = (prediction: PredictionRow, attempt = 1) => usageOf(prediction, deployment, { attempt, at });
  const billed = async (id: string) =>
    (await store.usage.list({ limit: 1000 })).filter((record) => record.predictionId === id);

  describe('finish', () => {
    test('ends the prediction and bills it', async () => {
      const prediction = await requests.running();
      const metrics = { predict_time: 1.5 };
      const over = await store.predictions.finish(prediction.id, 1, { ...end, metrics }, billOf(prediction));
      expect(over).toEqual({ ...prediction, ...end, error: null, metrics });
      expect(await store.predictions.get(prediction.id)).toEqual(over);
      const asRun = { kind: 'run', corrects: null, reason: null, madeBy: null };
      expect(await billed(prediction.id)).toEqual([{ ...billOf(prediction), ...asRun }]);
    });

    test('of many at once, one ends it, and there is one bill', async () => {
      const prediction = await requests.running();
      const ends = await Promise.all(
        Array.from({ length: 6 }, () => store.predictions.finish(prediction.id, 1, end, billOf(prediction))),
      );
      expect(ends.filter((row) => row !== null)).toHaveLength(1);
      expect(await billed(prediction.id)).toHaveLength(1);
    });

    test('is fenced by the attempt: the one that was given back ends nothing and bills nothing', async () => {
      const prediction = await requests.running();
      await store.predictions.giveBack(prediction.id, 1, true);
      expect(await store.predictions.finish(prediction.id, 1, end, billOf(prediction))).toBeNull();
      await store.predictions.claim({ predictionId: prediction.id, attempt: 1 }, INSTANCE, at);
      expect(await store.predictions.finish(prediction.id, 1, end, billOf(prediction))).toBeNull();
      expect(await billed(prediction.id)).toEqual([]);
      const over = await store.predictions.finish(prediction.id, 2, end, billOf(prediction, 2));
      expect(over).toMatchObject({ attempt: 2 });
      expect(await billed(prediction.id)).toHaveLength(1);
    });

    test('without an attempt, ends only what waits', async () => {
      const prediction = await requests.running();
      const failed = { status: 'failed' as const, error: 'no such image', completedAt: at };
      expect(await store.predictions.finish(prediction.id, null, failed, null)).toBeNull();
      await store.predictions.giveBack(prediction.id, 1, true);
      expect(await store.predictions.finish(prediction.id, null, failed, null)).toMatchObject(failed);
    });

    test('that another write was first to changes nothing', async () => {
      const { id } = await requests.running();
      const first = await store.predictions.finish(id, 1, end, null);
      expect(await store.predictions.finish(id, 1, { status: 'failed', completedAt: at + 1 }, null)).toBeNull();
      expect(await store.predictions.finish(id, null, { status: 'failed', completedAt: at + 1 }, null)).toBeNull();
      expect(await store.predictions.get(id)).toEqual(first);
    });

    test('a bill that stands already keeps the prediction from ending unbilled', async () => {
      const first = await requests.running();
      const second = await requests.running();
      await store.predictions.finish(first.id, 1, end, { ...billOf(first), id: second.id });
      await expect(store.predictions.finish(second.id, 1, end, billOf(second))).rejects.toThrow(/usage_records_pkey/);
      expect(await store.predictions.get(second.id)).toMatchObject({ status: 'processing', completedAt: null });
    });

    test('takes no bill of another attempt', async () => {
      const prediction = await requests.running();
      await expect(store.predictions.finish(prediction.id, 1, end, billOf(prediction, 2))).rejects.toThrow(
        /cannot end/,
      );
    });

    test('follows the table of moves', async () => {
      const { id } = await requests.waiting();
      await expect(store.predictions.finish(id, null, end, null)).rejects.toThrow(
        'cannot be succeeded while it is starting',
      );
      await expect(
        store.predictions.finish((await requests.running()).id, 1, { status: 'aborted', completedAt: at }, null),
      ).rejects.toThrow('cannot be aborted while it is processing');
    });

    test('keeps partial output, logs and its start where the end does not mention them', async () => {
      const { id } = await requests.running();
      await store.predictions.progress(id, 1, { logs: 'so far', output: ['part'] });
      const over = await store.predictions.finish(id, 1, { status: 'canceled', completedAt: at }, null);
      expect(over).toMatchObject({ status: 'canceled', logs: 'so far', output: ['part'], startedAt: at });
    });

    test('writes the start that the container says, and NULs as U+FFFD', async () => {
      const { id } = await requests.running();
      const said = { startedAt: at + 3, error: 'a\0b', logs: '\0', completedAt: at + 9 };
      const over = await store.predictions.finish(id, 1, { status: 'failed', ...said }, null);
      expect(over).toMatchObject({ startedAt: at + 3, error: 'a\ufffdb', logs: '\ufffd', completedAt: at + 9 });
    });

    const runningOnOneThat = async (failedAt: number | null): Promise<PredictionRow> => {
      const instance = await addInstance(store, deployment);
      const failure = { kind: 'crash', phase: null, message: 'it ended', logTail: '', exitCode: 1 } as const;
      if (failedAt !== null)
        await store.instances.move(instance.id, 'booting', 'vanished', {
          at: failedAt,
          failure: { ...failure, at: failedAt },
        });
      const { id } = await requests.waiting();
      const row = await store.predictions.claim({ predictionId: id, attempt: 0 }, instance, at);
      if (!row) throw new Error('the claim was refused');
      return row;
    };

    test.each([
      ['is up', null],
      ['failed after it', at + 2001],
      ['failed with it', at + 2000],
    ])('that nobody heard of stands where the instance %s', async (_, failedAt) => {
      const row = await runningOnOneThat(failedAt);
      expect(await store.predictions.finish(row.id, 1, { ...end, isUnheard: true }, billOf(row))).not.toBeNull();
      expect(await billed(row.id)).toHaveLength(1);
    });

    test('that nobody heard of is refused where the instance had failed before it, and one that was heard is not', async () => {
      const row = await runningOnOneThat(at + 1999);
      expect(await store.predictions.finish(row.id, 1, { ...end, isUnheard: true }, billOf(row))).toBeNull();
      expect(await store.predictions.get(row.id)).toEqual(row);
      expect(await billed(row.id)).toEqual([]);
      expect(await store.predictions.finish(row.id, 1, end, billOf(row))).not.toBeNull();
    });

    test('keeps the output as it was when it ended', async () => {
      const { id } = await requests.running();
      const output = ['a'];
      const ended = await store.predictions.finish(id, 1, { ...end, output }, null);
      output.push('b');
      expect([ended?.output, (await store.predictions.get(id))?.output]).toEqual([['a'], ['a']]);
    });
  });

  test('bills are listed newest first, by account, in pages', async () => {
    const ids: string[] = [];
    for (const accountId of ['payer', 'payer', 'other', 'payer']) {
      const prediction = await requests.running({ accountId });
      await store.predictions.finish(prediction.id, 1, end, billOf(prediction));
      if (accountId === 'payer') ids.push(prediction.id);
    }
    const listed = async (page: Parameters<Store['usage']['list']>[0]) =>
      (await store.usage.list({ accountId: 'payer', ...page })).map(({ id }) => id);
    const newest = ids.toSorted().toReversed();
    expect(await listed({ limit: 10 })).toEqual(newest);
    expect(await listed({ limit: 2 })).toEqual(newest.slice(0, 2));
    expect(await listed({ limit: 2, before: newest[1] })).toEqual(newest.slice(2));
    expect(await listed({ limit: 1, after: newest[2] })).toEqual(newest.slice(1, 2));
  });

  test('each bill is sealed once, however many at a time', async () => {
    while ((await store.ledger.seal(100)) > 0);
    for (let n = 0; n < 3; n++) {
      const prediction = await requests.running();
      await store.predictions.finish(prediction.id, 1, end, billOf(prediction));
    }
    expect([await store.ledger.seal(2), await store.ledger.seal(2), await store.ledger.seal(2)]).toEqual([2, 1, 0]);
  });
}
