import { usageRecord } from '@hearth/core';
import { newId } from '@hearth/kit';
import type { DeploymentRow, Instances } from '@hearth/store';
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

/** A prediction that ran for two seconds at 100 micros each, billed to whose token it is. */
export async function runBilled(house: House, { versionId }: Pick<DeploymentRow, 'versionId'>, token: string) {
  const asked = { version: versionId, input: { text: 'hi' } };
  const { body } = await house.ask('POST', '/v1/predictions', asked, { token });
  const row = await createDispatcher(house.deps).claim(body.id);
  const at = Date.now();
  const usage = usageRecord({
    predictionId: row.id,
    attempt: row.attempt,
    accountId: row.accountId,
    model: row.model,
    versionId: row.versionId,
    deploymentId: row.deploymentId,
    hardwareSku: row.hardwareSku,
    priceMicrosPerSecond: 100,
    status: 'succeeded',
    startedAt: at,
    at,
    times: { reportedPredictSeconds: 2, reportedStartedAt: null, reportedCompletedAt: null, elapsedMs: 3_000 },
  });
  await house.store.predictions.finish(row.id, row.attempt, { status: 'succeeded', completedAt: at }, usage);
}
