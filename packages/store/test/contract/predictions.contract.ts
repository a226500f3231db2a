import { newId, systemNow } from '@hearth/kit';
import { describe, expect, test } from 'vitest';
import { DeploymentGone, type DeploymentRow, type Store } from '../../src/index.ts';
import { addDeployment, newPrediction } from '../world.ts';
import { INSTANCE, type OpenStore, onOneStore, Requests } from './under-test.ts';

/** How a prediction waits, is claimed, reports, is given back and canceled; its end is in finish.contract.ts. */
export function predictionsContract(open: OpenStore): void {
  let store: Store;
  let deployment: DeploymentRow;
  let requests: Requests;
  const at = systemNow();
  onOneStore(open, async (world) => {
    store = world.store;
    deployment = await addDeployment(store);
    requests = new Requests(store, deployment, at);
  });

  describe('insert', () => {
    test('answers what the table holds, to the millisecond and to the key order', async () => {
      const row = await requests.waiting({
        input: { zebra: 1, a: { nested: ['\u0000', '\ud800', 'é'] }, empty: null },
        webhook: 'https://example.com/hook',
        webhookEventsFilter: ['start', 'completed'],
        createdAt: 1_700_000_000_123,
        deadlineAt: 1_700_000_060_999,
        holdMicros: 17,
        tokenId: 'token',
      });
      const read = await store.predictions.get(row.id);
      expect(read).toEqual(row);
      expect(read).toMatchObject({ status: 'starting', attempt: 0, lostAttempts: 0, holdMicros: 17, held: false });
      expect(Object.keys(read?.input ?? {})).toEqual(['zebra', 'a', 'empty']);
    });

    test('keeps what was given, whatever its giver does with it afterwards', async () => {
      const input = { list: ['a'] };
      const { id } = await requests.waiting({ input });
      input.list.push('b');
      expect((await store.predictions.get(id))?.input).toEqual({ list: ['a'] });
    });

    test('is refused where the deployment is gone', async () => {
      const gone = { ...deployment, id: newId(at) };
      await expect(store.predictions.insert(newPrediction(gone))).rejects.toThrow(DeploymentGone);
    });

    test('an id is taken once', async () => {
      const row = await requests.waiting();
      await expect(requests.waiting({ id: row.id })).rejects.toThrow(/predictions_pkey/);
    });
  });

  describe('claim', () => {
    test('raises the attempt and takes version and hardware of the instance', async () => {
      const row = await requests.running();
      const taken = { instanceId: 'instance-1', versionId: 'version-2', hardwareSku: 'gpu', startedAt: at };
      expect(row).toMatchObject({ status: 'processing', attempt: 1, ...taken });
      expect(await store.predictions.get(row.id)).toEqual(row);
    });

    test('of two at once, one wins', async () => {
      const { id } = await requests.waiting();
      const claims = await Promise.all(
        ['a', 'b', 'c', 'd'].map((name) =>
          store.predictions.claim({ predictionId: id, attempt: 0 }, { ...INSTANCE, id: name }, at),
        ),
      );
      expect(claims.filter((row) => row !== null)).toHaveLength(1);
    });

    test.each([
      ['the ticket is of an earlier attempt', () => requests.returned(), 0],
      ['the ticket is ahead of the row', () => requests.waiting(), 1],
      ['it runs already', () => requests.running(), 1],
      ['it was canceled', async () => store.predictions.requestCancel((await requests.waiting()).id, at), 0],
      ['its deadline has come', () => requests.waiting({ deadlineAt: at }), 0],
      [
        'it is over',
        async () =>
          store.predictions.finish((await requests.waiting()).id, null, { status: 'canceled', completedAt: at }, null),
        0,
      ],
    ])('is refused when %s', async (_, make, attempt) => {
      const row = await make();
      expect(row).not.toBeNull();
      expect(await store.predictions.claim({ predictionId: row?.id ?? '', attempt }, INSTANCE, at)).toBeNull();
      expect(await store.predictions.get(row?.id ?? '')).toEqual(row);
    });

    test('of one that is not there is refused', async () => {
      expect(await store.predictions.claim({ predictionId: newId(at), attempt: 0 }, INSTANCE, at)).toBeNull();
    });

    test('is granted up to the deadline', async () => {
      const { id } = await requests.waiting({ deadlineAt: at + 1 });
      expect(await store.predictions.claim({ predictionId: id, attempt: 0 }, INSTANCE, at)).not.toBeNull();
    });
  });

  describe('progress', () => {
    test('writes what is given and leaves the rest', async () => {
      const { id } = await requests.running();
      expect(await store.predictions.progress(id, 1, { logs: 'one\n', startedAt: at + 5 })).toBe(true);
      expect(await store.predictions.progress(id, 1, { output: ['o'] })).toBe(true);
      expect(await store.predictions.get(id)).toMatchObject({ logs: 'one\n', output: ['o'], startedAt: at + 5 });
      expect(await store.predictions.progress(id, 1, { output: null })).toBe(true);
      expect(await store.predictions.get(id)).toMatchObject({ logs: 'one\n', output: null });
    });

    test('is refused for another attempt, for a waiting one and for one that is over', async () => {
      const { id } = await requests.running();
      expect(await store.predictions.progress(id, 2, { logs: 'x' })).toBe(false);
      await store.predictions.giveBack(id, 1, false);
      expect(await store.predictions.progress(id, 1, { logs: 'x' })).toBe(false);
      await store.predictions.finish(id, null, { status: 'failed', completedAt: at }, null);
      expect(await store.predictions.progress(id, 1, { logs: 'x' })).toBe(false);
      expect((await store.predictions.get(id))?.logs).toBe('');
    });

    test('a NUL in a log does not stop it', async () => {
      const { id } = await requests.running();
      expect(await store.predictions.progress(id, 1, { logs: 'a\0b', output: 'c\0d' })).toBe(true);
      expect(await store.predictions.get(id)).toMatchObject({ logs: 'a\ufffdb', output: 'c\0d' });
    });

    test('keeps the output as it was when it was written', async () => {
      const { id } = await requests.running();
      const output = ['a'];
      await store.predictions.progress(id, 1, { output });
      output.push('b');
      expect((await store.predictions.get(id))?.output).toEqual(['a']);
    });
  });

  describe('giveBack', () => {
    test('clears what the attempt left; only a lost one counts', async () => {
      const { id } = await requests.running();
      await store.predictions.progress(id, 1, { logs: 'half', output: 'ha' });
      expect(await store.predictions.giveBack(id, 1, false)).toMatchObject({
        status: 'starting',
        attempt: 1,
        lostAttempts: 0,
        instanceId: null,
        startedAt: null,
        output: null,
        logs: '',
        priority: 0,
      });
      await store.predictions.claim({ predictionId: id, attempt: 1 }, INSTANCE, at);
      expect(await store.predictions.giveBack(id, 1, true), 'by who had it before').toBeNull();
      expect(await store.predictions.giveBack(id, 2, true)).toMatchObject({ attempt: 2, lostAttempts: 1 });
      expect(await store.predictions.giveBack(id, 2, true)).toBeNull();
    });
  });

  describe('extendHold', () => {
    test('raises the hold of the running attempt, never lowers it, and no other', async () => {
      const { id } = await requests.running({ holdMicros: 100 });
      expect(await store.predictions.extendHold(id, 1, 250, at)).toEqual({ holdMicros: 250, bound: null });
      expect(await store.predictions.extendHold(id, 1, 90, at)).toEqual({ holdMicros: 250, bound: null });
      expect(await store.predictions.get(id)).toMatchObject({ holdMicros: 250 });
      expect(await store.predictions.extendHold(id, 2, 300, at)).toBeNull();
      await store.predictions.giveBack(id, 1, false);
      expect(await store.predictions.extendHold(id, 1, 300, at)).toBeNull();
    });
  });

  describe('requestCancel', () => {
    test('marks an unfinished one once, and leaves a finished one as it is', async () => {
      const { id } = await requests.waiting();
      expect(await store.predictions.requestCancel(id, at)).toMatchObject({ cancelRequestedAt: at });
      expect(await store.predictions.requestCancel(id, at + 9)).toMatchObject({ cancelRequestedAt: at });
      const over = await store.predictions.finish(id, null, { status: 'canceled', completedAt: at }, null);
      expect(await store.predictions.requestCancel(id, at + 99)).toEqual(over);
      expect(await store.predictions.requestCancel(newId(at), at)).toBeNull();
    });

    test('marks one that runs, and outlives its being given back', async () => {
      const { id } = await requests.running();
      expect(await store.predictions.requestCancel(id, at)).toMatchObject({ status: 'processing' });
      expect(await store.predictions.giveBack(id, 1, false)).toMatchObject({ cancelRequestedAt: at });
    });
  });
}
