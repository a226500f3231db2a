import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DeploymentRow, ModelGone, type ModelRow, type Store, VersionGone } from '../src/index.ts';
import { addRunnable, run } from './runnable.ts';
import {
  addInstance,
  addModel,
  addVersion,
  hex64,
  newPrediction,
  openWorld,
  SCALE,
  unique,
  type World,
} from './world.ts';

let world: World;
let store: Store;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
});
afterAll(() => world.close());

const ids = (rows: readonly { id: string }[]) => rows.map((row) => row.id);

/** Trains a version of `destination` on a deployment's version; answers its id. */
async function train(deployment: DeploymentRow, destination: ModelRow, id = hex64()): Promise<string> {
  const of = { kind: 'training' as const, destination: `${destination.owner}/${destination.name}` };
  const asked = await store.predictions.insert(newPrediction(deployment, of));
  const instance = { id: 'instance', versionId: asked.versionId, hardwareSku: 'cpu' };
  await store.predictions.claim({ predictionId: asked.id, attempt: 0 }, instance, systemNow());
  const weights = await store.files.insert({
    id: newId(systemNow()),
    accountId: null,
    kind: 'output',
    predictionId: asked.id,
    name: 'weights.tar',
    contentType: 'application/x-tar',
    sizeBytes: 1,
    md5: hex64().slice(32),
    sha256: hex64(),
    metadata: {},
    createdAt: systemNow(),
    expiresAt: null,
  });
  const made = { id, modelId: destination.id, baseVersionId: deployment.versionId, weightsFileId: weights.id };
  const end = { status: 'succeeded' as const, completedAt: systemNow() };
  await store.predictions.finish(asked.id, 1, end, null, made);
  return id;
}

describe('removing a version', () => {
  test('takes it from lists, with its implicit deployment, and leaves its predictions', async () => {
    const { model, version, deployment } = await addRunnable(store);
    const ran = await run(store, deployment);
    const older = await addVersion(store, model.id);
    expect(await store.models.removeVersion(version.id)).toBe('removed');
    expect(await store.models.removeVersion(version.id)).toBeNull();
    expect(await store.models.version(version.id)).toBeNull();
    expect(ids(await store.models.versions(model.id, { limit: 10 }))).toEqual([older.id]);
    expect((await store.models.latestVersion(model.owner, model.name))?.id).toBe(older.id);
    expect(await store.deployments.get(deployment.id)).toBeNull();
    expect(await store.deployments.implicitOf(model.id)).toEqual([]);
    expect((await store.deployments.overview()).map((row) => row.deployment.id)).not.toContain(deployment.id);
    expect((await store.predictions.get(ran.id))?.output).toEqual(['done']);
    await expect(store.deployments.ensureImplicit(version, SCALE)).rejects.toThrow(VersionGone);
  });

  test('is refused for a deployment, an unfinished prediction and a version that others trained from it', async () => {
    const { version, deployment } = await addRunnable(store);
    const waiting = await store.predictions.insert(newPrediction(deployment));
    expect(await store.models.removeVersion(version.id)).toEqual({ kind: 'predictions', unfinished: 1 });
    await store.predictions.finish(waiting.id, null, { status: 'canceled', completedAt: systemNow() }, null);
    const named = await store.deployments.insert({
      ...SCALE,
      owner: 'somebody',
      name: unique('deployment'),
      modelId: version.modelId,
      versionId: version.id,
    });
    if (named === 'taken') throw new Error('a random name was taken');
    expect(await store.models.removeVersion(version.id)).toEqual({
      kind: 'deployment',
      name: `somebody/${named.name}`,
    });
    expect(await store.deployments.remove(named.id)).toBe(true);
    const mine = await train(deployment, await addModel(store, version.owner));
    const theirs = await addModel(store);
    const made = await train(deployment, theirs);
    const use = { kind: 'training', model: `${theirs.owner}/${theirs.name}` };
    expect(await store.models.removeVersion(version.id)).toEqual(use);
    expect(await store.models.removeVersion(made)).toBe('removed');
    expect(await store.models.removeVersion(version.id)).toBe('removed');
    expect((await store.models.version(mine))?.baseVersionId).toBe(version.id);
  });

  test('that a training made, and making it again, brings it back', async () => {
    const { deployment } = await addRunnable(store);
    const destination = await addModel(store);
    const id = hex64();
    expect(await train(deployment, destination, id)).toBe(id);
    await store.models.removeVersion(id);
    await train(deployment, destination, id);
    expect((await store.models.version(id))?.modelId).toBe(destination.id);
  });

  test('and adding it again brings it back as the newest, with its deployment', async () => {
    const { model, version, deployment } = await addRunnable(store);
    const newer = await addVersion(store, model.id);
    await store.models.removeVersion(version.id);
    const back = await store.models.insertVersion({ ...version, slots: 4 });
    expect(back).toMatchObject({ id: version.id, slots: 4 });
    expect(ids(await store.models.versions(model.id, { limit: 10 }))).toEqual([version.id, newer.id]);
    expect((await store.deployments.ensureImplicit(back, SCALE)).id).toBe(deployment.id);
    const other = await addModel(store);
    await store.models.removeVersion(version.id);
    expect((await store.models.insertVersion({ ...version, modelId: other.id })).modelId).toBe(other.id);
  });

  test('in the middle of paging breaks no page', async () => {
    const { id: modelId } = await addModel(store);
    const versions = [
      await addVersion(store, modelId),
      await addVersion(store, modelId),
      await addVersion(store, modelId),
    ];
    const [oldest, middle, newest] = ids(versions);
    await store.models.removeVersion(middle ?? '');
    expect(ids(await store.models.versions(modelId, { limit: 2, before: middle }))).toEqual([oldest]);
    expect(ids(await store.models.versions(modelId, { limit: 2, after: middle }))).toEqual([newest]);
  });

  test('frees its queue once nothing runs for it', async () => {
    const { version, deployment } = await addRunnable(store);
    const instance = await addInstance(store, deployment);
    await store.models.removeVersion(version.id);
    expect(await store.deployments.queuesLeft(1_000)).not.toContain(deployment.id);
    await store.instances.move(instance.id, 'booting', 'vanished', { at: systemNow() });
    expect(await store.deployments.queuesLeft(1_000)).toContain(deployment.id);
    await store.deployments.queueRemoved(deployment.id);
    expect(await store.deployments.queuesLeft(1_000)).not.toContain(deployment.id);
  });
});

describe('removing a model', () => {
  test('is for private ones without versions or anything on its way to one', async () => {
    const model = await addModel(store);
    expect(await store.models.remove(model.id)).toBe('public');
    await store.models.update(model.id, { visibility: 'private' });
    const source = { kind: 'image' as const, image: 'a' };
    const { id } = await store.imports.request({ modelId: model.id, source });
    expect(await store.models.remove(model.id)).toBe('imports');
    await store.imports.answer(id, { error: 'none' });
    const version = await addVersion(store, model.id);
    expect(await store.models.remove(model.id)).toBe('versions');
    await store.models.removeVersion(version.id);
    const training = { kind: 'training' as const, destination: `${model.owner}/${model.name}` };
    const { deployment } = await addRunnable(store);
    const waiting = await store.predictions.insert(newPrediction(deployment, training));
    expect(await store.models.remove(model.id)).toBe('trainings');
    await store.predictions.finish(waiting.id, null, { status: 'canceled', completedAt: systemNow() }, null);
    expect(await store.models.remove(model.id)).toBe('removed');
    expect(await store.models.remove(model.id)).toBeNull();
    expect(await store.models.byName(model.owner, model.name)).toBeNull();
    expect(await store.models.describe(model.owner, model.name)).toBeNull();
    await expect(addVersion(store, model.id)).rejects.toThrow(ModelGone);
  });
});

describe('at the same moment', () => {
  const ROUNDS = 20;

  test('a version is deployed or removed, never both', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const version = await addVersion(store);
      const row = { ...SCALE, owner: version.owner, name: unique('deployment'), modelId: version.modelId };
      const [removed, ...deployed] = await Promise.allSettled([
        store.models.removeVersion(version.id),
        store.deployments.insert({ ...row, versionId: version.id }),
        store.deployments.ensureImplicit(version, SCALE),
      ]);
      for (const { reason } of deployed.filter((one) => one.status === 'rejected'))
        expect(reason).toBeInstanceOf(VersionGone);
      if (removed.status === 'rejected') throw removed.reason;
      const standing = await store.deployments.byName(row.owner, row.name);
      expect(standing === null).toBe(removed.value === 'removed');
      expect((await store.models.version(version.id)) === null).toBe(removed.value === 'removed');
      if (removed.value === 'removed') expect(await store.deployments.implicitOf(version.modelId)).toEqual([]);
    }
  });

  test('a model gets a version or is removed, never both', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const model = await addModel(store);
      await store.models.update(model.id, { visibility: 'private' });
      const [removed, added] = await Promise.allSettled([store.models.remove(model.id), addVersion(store, model.id)]);
      if (removed.status === 'rejected') throw removed.reason;
      if (added.status === 'rejected') expect(added.reason).toBeInstanceOf(ModelGone);
      expect(added.status === 'rejected').toBe(removed.value === 'removed');
    }
  });
});
