import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { newId, systemNow } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../src/dispatcher.ts';
import { dueForRemoval } from '../src/upkeep/removal.ts';
import { createWorld, eventually, type World } from './world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

describe('what is due for removal', () => {
  const terms = { retentionMs: MINUTE_MS, predictionTimeoutMs: 2 * MINUTE_MS, trainingTimeoutMs: DAY_MS };
  const now = 10 * DAY_MS;

  it('is what ended before the retention, and what no run can be at work on', () =>
    expect(dueForRemoval(now, terms)).toEqual({
      predictionsEndedBefore: now - MINUTE_MS,
      leftoversMadeBefore: now - DAY_MS - 60 * MINUTE_MS,
      litterWrittenBefore: now - DAY_MS,
    }));

  it('is no prediction where the retention is off', () =>
    expect(dueForRemoval(now, { ...terms, retentionMs: null }).predictionsEndedBefore).toBeNull());
});

describe('the removal of data', () => {
  let world: World;
  let dispatcher: Dispatcher;
  let laterMs: number;
  beforeEach(async () => {
    laterMs = 0;
    world = await createWorld();
  });
  afterEach(() => world.close());

  const clock = () => systemNow() + laterMs;
  const dispatch = async (retentionMs: number | null = MINUTE_MS) => {
    dispatcher = await world.dispatch({ retentionMs, removalMs: 20 }, undefined, clock);
  };

  async function addFile(predictionId: string | null, over: { kind?: 'upload'; expiresAt?: number } = {}) {
    const id = newId(clock());
    const facts = await world.blobs.put(id, Buffer.from('bytes'), { maxBytes: 100 });
    const about = { accountId: world.accountId, name: 'x.png', contentType: 'image/png', metadata: {} };
    const row = { kind: 'output' as const, predictionId, createdAt: clock(), expiresAt: null };
    await world.store.files.insert({ id, ...about, ...row, ...facts, ...over });
    return id;
  }
  const blobIds = async () => {
    const ids: string[] = [];
    for await (const { id } of world.blobs.list()) ids.push(id);
    return ids.toSorted();
  };
  const isGone = (id: string) =>
    eventually(async () => {
      expect(await world.store.files.get(id)).toBeNull();
      expect(await blobIds()).not.toContain(id);
    });

  async function predictWithFile(): Promise<{ id: string; file: string }> {
    const { model, instance, token } = await world.stage();
    const id = await world.predict({ image: 'data:,x' });
    const call = await model.next();
    const url = `${dispatcher.callbackUrl}/uploads/${instance.id}/${token}/out.png`;
    const uploaded = await fetch(url, { method: 'PUT', body: 'pixels' });
    const output = uploaded.headers.get('location');
    await call.report({ status: 'succeeded', output, logs: 'it drew', metrics: { tokens: 1 } });
    await world.ended(id);
    return { id, file: /outputs\/([0-9a-z]+)/.exec(output ?? '')?.[1] ?? '' };
  }

  it('takes input, output, logs and files of a prediction once its time has come, and leaves the record', async () => {
    await dispatch();
    const { id, file } = await predictWithFile();
    const before = await world.get(id);
    expect(before).toMatchObject({ dataRemovedAt: null, logs: 'it drew' });
    expect(await blobIds()).toContain(file);
    laterMs = MINUTE_MS + 1_000;
    await isGone(file);
    const after = await world.get(id);
    expect(after).toEqual({ ...before, input: {}, output: null, logs: '', dataRemovedAt: expect.any(Number) });
    expect(after.metrics).toMatchObject({ tokens: 1, predict_time: expect.any(Number) });
  });

  it('keeps everything where it is off, and what has not ended, whatever the time', async () => {
    await dispatch(null);
    const { id, file } = await predictWithFile();
    const expired = await addFile(null, { kind: 'upload', expiresAt: clock() + DAY_MS });
    laterMs = 100 * DAY_MS;
    await isGone(expired);
    expect(await blobIds()).toContain(file);
    expect((await world.get(id)).dataRemovedAt).toBeNull();
  });

  it('finishes what one that was killed between two steps had begun', async () => {
    await dispatch(null);
    const { id, file } = await predictWithFile();
    const second = await addFile(id);
    await dispatcher.close();
    laterMs = 2 * MINUTE_MS;
    // Killed after the record was emptied, and after the bytes of one of two files were gone.
    await world.store.retention.emptyPredictions(clock(), clock(), 10);
    await world.blobs.remove(second);
    expect(await blobIds()).toEqual([file]);
    await dispatch();
    await isGone(file);
    await isGone(second);
    expect((await world.get(id)).dataRemovedAt).not.toBeNull();
  });

  it('leaves the row of a file whose bytes could not be removed, for another round', async () => {
    const stuck = await addFile(null, { kind: 'upload', expiresAt: clock() - 1 });
    const other = await addFile(null, { kind: 'upload', expiresAt: clock() - 1 });
    // What is no file cannot be removed as one.
    const path = join(world.blobsFolder, stuck.slice(-2), stuck);
    await world.blobs.remove(stuck);
    await mkdir(path);
    await dispatch();
    await isGone(other);
    expect(await world.store.files.get(stuck)).not.toBeNull();
    await rmdir(path);
    await isGone(stuck);
  });

  it('clears away what crashes left: bytes without a row, drafts, and outputs that nobody claimed', async () => {
    const unclaimed = await addFile(null);
    const claimed = await addFile(await world.insert());
    const orphan = newId(systemNow());
    await world.blobs.put(orphan, Buffer.from('its row was never written'), { maxBytes: 100 });
    await world.blobs.put('not-one-of-ours', Buffer.from('x'), { maxBytes: 100 });
    await dispatch();
    laterMs = 2 * DAY_MS;
    await isGone(orphan);
    await isGone(unclaimed);
    expect(await blobIds()).toEqual(['not-one-of-ours', claimed].toSorted());
  });
});
