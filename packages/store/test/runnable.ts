import { systemNow } from '@hearth/kit';
import type { DeploymentRow, Store } from '../src/index.ts';
import { addModel, addVersion, newPrediction, SCALE, usageOf } from './world.ts';

/** A model with a version that can run. */
export async function addRunnable(store: Store) {
  const model = await addModel(store);
  const version = await addVersion(store, model.id);
  return { model, version, deployment: await store.deployments.ensureImplicit(version, SCALE) };
}

/** A prediction that ran to its end. */
export async function run(store: Store, deployment: DeploymentRow) {
  const made = await store.predictions.insert(newPrediction(deployment));
  const instance = { id: 'instance', versionId: made.versionId, hardwareSku: 'cpu' };
  const row = await store.predictions.claim({ predictionId: made.id, attempt: 0 }, instance, systemNow());
  if (!row) throw new Error(`${made.id} cannot be claimed`);
  const ended = await store.predictions.finish(
    row.id,
    1,
    { status: 'succeeded', output: ['done'], completedAt: systemNow() },
    usageOf(row, deployment),
  );
  if (!ended) throw new Error(`${made.id} cannot be finished`);
  return ended;
}
