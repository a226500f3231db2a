import { newId } from '@hearth/kit';
import type { VersionRow } from '@hearth/store';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { KEEP_ALIVE_MS, openHouse, type TestHouse } from './house.ts';

const SCALE = {
  hardwareSku: 'cpu',
  minInstances: 0,
  maxInstances: 3,
  keepAlive: { kind: 'fixed', ms: KEEP_ALIVE_MS } as const,
};
let house: TestHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

async function newVersion(slots: number): Promise<VersionRow> {
  house.runtime.define('/model', { setupMs: 10, setup: 'ok' });
  const { versionId } = await house.deploy('model', { slots });
  const version = await house.store.models.version(versionId);
  if (version === null) throw new Error('it was deployed without a version');
  return version;
}

/** A version as a training of `base` leaves it. */
async function trainedFrom(base: VersionRow): Promise<VersionRow> {
  const [at, deployment] = [house.clock.now(), await house.store.deployments.ensureImplicit(base, SCALE, 'train')];
  const { id: weightsFileId } = await house.store.files.insert({
    id: newId(at),
    accountId: null,
    kind: 'output',
    predictionId: null,
    name: 'the weights.bin',
    contentType: 'application/octet-stream',
    sizeBytes: 1,
    md5: '0'.repeat(32),
    sha256: '0'.repeat(64),
    metadata: {},
    createdAt: at,
    expiresAt: null,
  });
  const predictionId = await house.predict(deployment);
  await house.store.predictions.claim(
    { predictionId, attempt: 0 },
    { id: 'instance', versionId: base.id, hardwareSku: 'cpu' },
    at,
  );
  const made = { id: 'f'.repeat(64), modelId: base.modelId, baseVersionId: base.id, weightsFileId };
  await house.store.predictions.finish(predictionId, 1, { status: 'succeeded', completedAt: at }, null, made);
  const version = await house.store.models.version(made.id);
  if (version === null) throw new Error('the training made no version');
  return version;
}

it('boots a training in train mode with one slot, beside the predictions of its version', async () => {
  const version = await newVersion(4);
  const [predicts, trains] = [
    await house.store.deployments.ensureImplicit(version, SCALE),
    await house.store.deployments.ensureImplicit(version, SCALE, 'train'),
  ];
  await house.start();
  await house.predict(predicts);
  await house.predict(trains);
  await house.predict(trains);
  const [predicting, training] = [await house.inState(predicts, 'ready'), await house.inState(trains, 'ready')];
  expect(house.runtime.specOf(predicting.id)).toMatchObject({ mode: 'predict', env: { COG_MAX_CONCURRENCY: '4' } });
  expect(house.runtime.specOf(training.id)).toMatchObject({ mode: 'train', env: { COG_MAX_CONCURRENCY: '1' } });
  expect(predicting.slots).toBe(4);
  expect(training.slots).toBe(1);
  expect(house.runtime.specOf(training.id)?.env, 'an imported version has none').not.toHaveProperty('COG_WEIGHTS');
  await house.until('an instance for each training', async () => (await house.instances(trains)).length === 2);
});

it('tells a version its weights, at an address that only this instance can open', async () => {
  const trained = await trainedFrom(await newVersion(1));
  const deployment = await house.store.deployments.ensureImplicit(trained, SCALE);
  await house.start();
  await house.predict(deployment);
  const instance = await house.inState(deployment, 'ready');
  const spec = house.runtime.specOf(instance.id);
  const token = spec?.env.WEBHOOK_AUTH_TOKEN;
  expect(spec?.env.COG_WEIGHTS).toBe(`http://127.0.0.1:7601/weights/${instance.id}/${token}/the%20weights.bin`);
});
