import { newId } from '@hearth/kit';
import { TransportDown } from '@hearth/queue';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startQueueSweep, sweepQueues } from '../src/queue-sweep.ts';
import { type House, startHouse } from './harness.ts';

let house: House;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

/** A deployment whose version was deleted, with a ticket that was left in its queue. */
async function removed(name: string) {
  const { version, deployment } = await house.addModel(name);
  await house.queues.enqueue(deployment.id, { predictionId: newId(Date.now()), attempt: 0 });
  expect((await house.ask('DELETE', `/v1/models/hearth/${name}/versions/${version.id}`)).status).toBe(202);
  return deployment;
}

it('the queue of a removed deployment is cleared away, once', async () => {
  const standing = await house.addModel('standing');
  await house.queues.enqueue(standing.deployment.id, { predictionId: newId(Date.now()), attempt: 0 });
  const gone = await removed('gone');
  const stop = startQueueSweep(house.deps);
  await expect.poll(() => house.store.deployments.queuesLeft(10)).toEqual([]);
  await stop();
  expect(await house.queues.depth(gone.id)).toEqual({ waiting: 0, active: 0 });
  expect(await house.queues.depth(standing.deployment.id)).toEqual({ waiting: 1, active: 0 });
});

it('where the transport is down, the next sweep does it', async () => {
  const gone = await removed('later');
  const obliterate = () => Promise.reject(new TransportDown('removing a queue', new Error('down')));
  await sweepQueues({ ...house.deps, queues: { ...house.queues, obliterate } });
  expect(await house.store.deployments.queuesLeft(10)).toEqual([gone.id]);
  await sweepQueues(house.deps);
  expect(await house.store.deployments.queuesLeft(10)).toEqual([]);
});
