import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DeploymentRow, FileRow, Store, VersionRow } from '../src/index.ts';
import { addModel, addVersion, hex64, newPrediction, openWorld, SCALE, usageOf, type World } from './world.ts';

let world: World;
let store: Store;
let base: VersionRow;
let deployment: DeploymentRow;
const at = systemNow();
const instance = { id: 'instance-1', versionId: '', hardwareSku: 'cpu' };

beforeAll(async () => {
  world = await openWorld();
  store = world.store;
  base = await addVersion(store, undefined, 4);
  deployment = await store.deployments.ensureImplicit(base, SCALE, 'train');
});
afterAll(() => world.close());

const file = (): Promise<FileRow> =>
  store.files.insert({
    id: newId(at),
    accountId: null,
    kind: 'output',
    predictionId: null,
    name: 'w.bin',
    contentType: 'application/octet-stream',
    sizeBytes: 1,
    md5: '0'.repeat(32),
    sha256: hex64(),
    metadata: {},
    createdAt: at,
    expiresAt: null,
  });
async function running(destination: string) {
  const row = await store.predictions.insert(newPrediction(deployment, { kind: 'training', destination }));
  const claimed = await store.predictions.claim(
    { predictionId: row.id, attempt: 0 },
    { ...instance, versionId: base.id },
    at,
  );
  if (!claimed) throw new Error('the claim was refused');
  return claimed;
}
const end = { status: 'succeeded' as const, completedAt: at + 1000 };

test('a version has an implicit deployment for each mode; what trains has one slot', async () => {
  const predicts = await store.deployments.ensureImplicit(base, SCALE);
  expect(predicts).toMatchObject({ mode: 'predict', implicit: true });
  expect(deployment).toMatchObject({ mode: 'train', implicit: true });
  expect((await store.deployments.ensureImplicit(base, SCALE, 'train')).id).toBe(deployment.id);
  await store.predictions.insert(newPrediction(deployment, { kind: 'training', destination: 'a/b' }));
  await store.predictions.insert(newPrediction(predicts));
  const { deployments } = await store.instances.observe();
  const slots = Object.fromEntries(deployments.map(({ id, slots }) => [id, slots]));
  expect(slots).toMatchObject({ [deployment.id]: 1, [predicts.id]: 4 });
});

test('the overview names what trains while it has something to do, and the model by what predicts', async () => {
  const version = await addVersion(store);
  const [predicts, trains] = [
    await store.deployments.ensureImplicit(version, SCALE),
    await store.deployments.ensureImplicit(version, SCALE, 'train'),
  ];
  const shown = async () => {
    const overview = await store.deployments.overview();
    return overview.map((row) => row.deployment.id).filter((id) => id === predicts.id || id === trains.id);
  };
  expect(await shown()).toEqual([predicts.id]);
  const { id } = await store.predictions.insert(newPrediction(trains, { kind: 'training', destination: 'a/b' }));
  expect((await shown()).toSorted()).toEqual([predicts.id, trains.id].toSorted());
  await store.predictions.finish(id, null, { status: 'canceled', completedAt: at }, null);
});

test('a training ends with its version and its bill, or with none of them', async () => {
  const destination = await addModel(store);
  const weights = await file();
  const row = await running(`${destination.owner}/${destination.name}`);
  const made = { id: hex64(), modelId: destination.id, baseVersionId: base.id, weightsFileId: weights.id };
  const bill = usageOf(row, deployment);

  const noBase = store.predictions.finish(row.id, 1, end, bill, { ...made, baseVersionId: hex64() });
  await expect(noBase).rejects.toThrow(/null value|violates/);
  const noModel = store.predictions.finish(row.id, 1, end, bill, { ...made, modelId: 'gone' });
  await expect(noModel).rejects.toThrow(/null value/);
  expect(await store.predictions.get(row.id)).toMatchObject({ status: 'processing' });
  expect(await store.models.version(made.id)).toBeNull();

  expect(await store.predictions.finish(row.id, 2, end, usageOf(row, deployment, { attempt: 2 }), made)).toBeNull();
  expect(await store.models.version(made.id), 'an attempt that is not the current one makes nothing').toBeNull();

  expect(await store.predictions.finish(row.id, 1, end, bill, made)).toMatchObject({ status: 'succeeded' });
  expect(await store.models.version(made.id)).toEqual({
    ...base,
    ...made,
    owner: destination.owner,
    name: destination.name,
    createdAt: end.completedAt,
  });
  expect(await store.predictions.finish(row.id, 1, end, bill, made), 'once').toBeNull();
  expect(await store.models.versions(destination.id, { limit: 9 })).toHaveLength(1);
});

test('a second training to the same version leaves the first one as it is', async () => {
  const destination = await addModel(store);
  const [first, second] = [await file(), await file()];
  const made = { id: hex64(), modelId: destination.id, baseVersionId: base.id, weightsFileId: first.id };
  for (const weightsFileId of [first.id, second.id]) {
    const row = await running(`${destination.owner}/${destination.name}`);
    const ended = await store.predictions.finish(row.id, 1, end, null, { ...made, weightsFileId });
    expect(ended).toMatchObject({ status: 'succeeded' });
  }
  expect(await store.models.version(made.id)).toMatchObject({ weightsFileId: first.id });
  await expect(store.files.remove(first.id), 'the version needs it').rejects.toThrow(/foreign key/);
  expect(await store.files.remove(second.id)).toBe(true);
});

test('a version that was removed comes back with the next training that makes it', async () => {
  const destination = await addModel(store);
  const weights = await file();
  const made = { id: hex64(), modelId: destination.id, baseVersionId: base.id, weightsFileId: weights.id };
  const train = async () => {
    const row = await running(`${destination.owner}/${destination.name}`);
    return store.predictions.finish(row.id, 1, end, null, made);
  };
  await train();
  expect(await store.models.removeVersion(made.id)).toBe('removed');
  expect(await store.models.version(made.id)).toBeNull();
  await train();
  expect(await store.models.version(made.id)).toMatchObject({ modelId: destination.id });
});

test('lists keep trainings and predictions apart', async () => {
  const accountId = 'apart';
  const training = await store.predictions.insert(
    newPrediction(deployment, { kind: 'training', destination: 'a/b', accountId }),
  );
  const prediction = await store.predictions.insert(newPrediction(deployment, { accountId }));
  const ids = async (kind?: 'training') =>
    (await store.predictions.list({ accountId, limit: 9, ...(kind && { kind }) })).map(({ id }) => id);
  expect(await ids()).toEqual([prediction.id]);
  expect(await ids('training')).toEqual([training.id]);
});
