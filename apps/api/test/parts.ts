import { usageRecord } from '@hearth/core';
import { newId } from '@hearth/kit';
import type { DeploymentRow, Instances, PredictionRow } from '@hearth/store';
import { createDispatcher, type House } from './harness.ts';

type NewInstance = Parameters<Instances['insert']>[0];

/** The scheduler's part: an instance that has just been placed, and what a test says of it. */
export async function addInstance(
  { store }: Pick<House, 'store'>,
  deployment: Pick<DeploymentRow, 'id' | 'versionId'>,
  { at = Date.now(), ...over }: Partial<NewInstance> = {},
): Promise<string> {
  const { id } = await store.instances.insert({
    id: newId(at),
    deploymentId: deployment.id,
    versionId: deployment.versionId,
    hardwareSku: 'cpu',
    hostId: 'host',
    deviceIds: [],
    runtime: 'docker',
    memoryMiB: 2048,
    slots: 1,
    reason: 'one prediction waits',
    callbackTokenHash: '0'.repeat(64),
    at,
    ...over,
  });
  return id;
}

/** The dispatcher's bill of a run on hardware that costs 100 micros a second. */
export const billOf = (row: PredictionRow, at: number, seconds: number) =>
  usageRecord({
    predictionId: row.id,
    attempt: row.attempt,
    accountId: row.accountId,
    model: row.model,
    versionId: row.versionId,
    deploymentId: row.deploymentId,
    hardwareSku: row.hardwareSku,
    priceMicrosPerSecond: 100,
    status: 'succeeded',
    startedAt: row.startedAt,
    at,
    times: {
      reportedPredictSeconds: seconds,
      reportedStartedAt: null,
      reportedCompletedAt: null,
      elapsedMs: seconds * 1_000,
    },
  });

/** A prediction that ran for two seconds, billed to whose token it is. */
export async function runBilled(house: House, { versionId }: Pick<DeploymentRow, 'versionId'>, token: string) {
  const asked = { version: versionId, input: { text: 'hi' } };
  const { body } = await house.ask('POST', '/v1/predictions', asked, { token });
  const row = await createDispatcher(house.deps).claim(body.id);
  const at = Date.now();
  const end = { status: 'succeeded', completedAt: at } as const;
  await house.store.predictions.finish(row.id, row.attempt, end, billOf(row, at, 2));
}

/** A prediction of the admin's that ran to its end, on a model of the admin's. */
export async function ran(house: House, model: string, input: object = { text: 'hi' }): Promise<PredictionRow> {
  const made = await house.ask('POST', '/v1/predictions', { version: `hearth/${model}`, input });
  if (made.status !== 201) throw new Error(made.text);
  const dispatcher = createDispatcher(house.deps);
  return dispatcher.finish(await dispatcher.claim(made.body.id), 'succeeded', { output: ['done'] });
}
