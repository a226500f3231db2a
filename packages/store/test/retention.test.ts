import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeploymentRow, FileRow, NewPrediction, Store } from '../src/index.ts';
import { addDeployment, hex64, newPrediction, openWorld, type World } from './world.ts';

const HOUR_MS = 3_600_000;
let world: World;
let store: Store;
let deployment: DeploymentRow;
let accountId: string;
beforeAll(async () => {
  world = await openWorld();
  ({ store } = world);
  deployment = await addDeployment(store);
  accountId = (await store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' })).id;
});
afterAll(() => world.close());

const now = systemNow();
/** One that ended an hour ago, unless `change` says otherwise. */
async function ended(change: Partial<NewPrediction> = {}, completedAt = now - HOUR_MS): Promise<string> {
  const { id } = await store.predictions.insert(
    newPrediction(deployment, { accountId, createdAt: completedAt - 1_000, ...change }),
  );
  const end = { status: 'canceled', output: ['x'], logs: 'log', error: 'why', metrics: { total_time: 1 } } as const;
  await store.predictions.finish(id, null, { ...end, completedAt }, null);
  return id;
}

async function addFile(change: Partial<FileRow> = {}): Promise<string> {
  const row: FileRow = {
    id: newId(now),
    accountId,
    kind: 'output',
    predictionId: null,
    name: 'x.png',
    contentType: 'image/png',
    sizeBytes: 1,
    md5: '0'.repeat(32),
    sha256: '0'.repeat(64),
    metadata: {},
    createdAt: now - 2 * HOUR_MS,
    expiresAt: null,
    ...change,
  };
  return (await store.files.insert(row)).id;
}

const empty = (limit = 100) => store.retention.emptyPredictions(now - HOUR_MS / 2, now, limit);
const expired = () => store.retention.expiredFiles(now, null, 100);

beforeEach(async () => {
  while ((await empty()) > 0);
  await store.retention.removeFiles(await expired());
});

describe('emptying predictions', () => {
  it('leaves the record without its data, and lets its files expire', async () => {
    const id = await ended();
    const file = await addFile({ predictionId: id });
    const other = await addFile({ predictionId: await ended({}, now) });
    expect(await empty()).toBe(1);
    expect(await store.predictions.get(id)).toMatchObject({
      status: 'canceled',
      input: {},
      output: null,
      logs: '',
      error: 'why',
      metrics: { total_time: 1 },
      completedAt: now - HOUR_MS,
      dataRemovedAt: now,
    });
    expect(await expired()).toEqual([file]);
    expect((await store.files.get(other))?.expiresAt).toBeNull();
    expect(await empty()).toBe(0);
  });

  it('takes the oldest first, so many at a time', async () => {
    const [second, first] = [await ended({}, now - 2 * HOUR_MS), await ended({}, now - 3 * HOUR_MS)];
    expect(await empty(1)).toBe(1);
    expect((await store.predictions.get(first))?.dataRemovedAt).toBe(now);
    expect((await store.predictions.get(second))?.dataRemovedAt).toBeNull();
    expect(await empty(5)).toBe(1);
  });

  it('leaves what is younger, unfinished, made on the web, a training or an example', async () => {
    const unfinished = await store.predictions.insert(newPrediction(deployment, { accountId, createdAt: now - 9e7 }));
    const example = await ended();
    await store.examples.pin(deployment.modelId, example);
    const kept = [
      unfinished.id,
      example,
      await ended({}, now),
      await ended({ source: 'web' }),
      await ended({ kind: 'training', destination: 'ada/new' }),
    ];
    expect(await empty()).toBe(0);
    for (const id of kept) expect((await store.predictions.get(id))?.input).toEqual({ prompt: 'a cat' });
  });

  it('shares the work of two at once', async () => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => ended()));
    const counts = await Promise.all([empty(15), empty(15)]);
    expect(counts[0] + counts[1] + (await empty())).toBe(ids.length);
  });
});

describe('expired files', () => {
  it('are uploads past their time and nothing younger, in pages', async () => {
    const ids = [
      await addFile({ kind: 'upload', expiresAt: now - 1 }),
      await addFile({ kind: 'upload', expiresAt: now }),
    ].toSorted();
    await addFile({ kind: 'upload', expiresAt: now + 1 });
    expect(await expired()).toEqual(ids);
    expect(await store.retention.expiredFiles(now, ids[0] ?? '', 100)).toEqual(ids.slice(1));
    expect(await store.retention.knownFiles([...ids, newId(now)])).toEqual(expect.arrayContaining(ids));
    await store.retention.removeFiles(ids);
    expect(await store.retention.knownFiles(ids)).toEqual([]);
  });

  it('are outputs that nobody claimed, or that came after the data of their prediction was removed', async () => {
    const emptied = await ended();
    await empty();
    const late = await addFile({ predictionId: emptied });
    const [stray, claimed] = [await addFile(), await addFile()];
    const kept = await ended({}, now);
    await store.files.claim([claimed], { id: kept, accountId });
    const young = await addFile({ createdAt: now });
    expect(await store.retention.expireLeftovers(now - HOUR_MS, now)).toBe(2);
    expect(await expired()).toEqual([late, stray].toSorted());
    expect(await store.files.get(claimed)).toMatchObject({ predictionId: kept, expiresAt: null });
    expect((await store.files.get(young))?.expiresAt).toBeNull();
    // One that has a prediction stays with it.
    await store.files.claim([claimed], { id: 'another', accountId });
    expect((await store.files.get(claimed))?.predictionId).toBe(kept);
  });

  it('are never the weights of a version', async () => {
    const weightsFileId = await addFile();
    const training = newPrediction(deployment, { accountId, kind: 'training', destination: deployment.model });
    await store.predictions.insert(training);
    const instance = { id: 'instance', versionId: deployment.versionId, hardwareSku: deployment.hardwareSku };
    await store.predictions.claim({ predictionId: training.id, attempt: 0 }, instance, now);
    const { modelId, versionId: baseVersionId } = deployment;
    const made = { id: hex64(), modelId, baseVersionId, weightsFileId };
    await store.predictions.finish(training.id, 1, { status: 'succeeded', completedAt: now }, null, made);
    expect(await store.retention.expireLeftovers(now - HOUR_MS, now)).toBe(0);
    expect((await store.files.get(weightsFileId))?.expiresAt).toBeNull();
  });
});
