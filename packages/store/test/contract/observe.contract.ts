import { systemNow } from '@hearth/kit';
import { expect, test } from 'vitest';
import type { Store } from '../../src/index.ts';
import { addDeployment, addInstance, addVersion, newPrediction, SCALE } from '../world.ts';
import { type OpenStore, onItsOwnStore } from './under-test.ts';

/** What one cycle of the scheduler sees. */
export function observeContract(open: OpenStore): void {
  let store: Store;
  const at = systemNow();
  onItsOwnStore(open, (world) => {
    store = world.store;
  });

  test('a story: cold, waiting, running, idle', async () => {
    const implicit = await store.deployments.ensureImplicit(await addVersion(store, undefined, 2), SCALE);
    const look = async () => {
      const { deployments, instances } = await store.instances.observe();
      return { deployments: deployments.map(({ id, demand }) => ({ id, ...demand })), instances };
    };
    expect(await look()).toEqual({ deployments: [], instances: [] });

    const first = await store.predictions.insert(newPrediction(implicit, { createdAt: at }));
    const second = await store.predictions.insert(newPrediction(implicit, { createdAt: at + 1 }));
    const demand = { id: implicit.id, waiting: 2, inFlight: 0, oldestWaitingAt: at };
    const waiters = [{ accountId: 'account', weight: 1, inFlight: 0 }];
    expect(await look()).toEqual({ deployments: [{ ...demand, waiters }], instances: [] });

    const { id } = await addInstance(store, implicit);
    const instance = await store.instances.move(id, 'booting', 'booted', { at });
    if (!instance) throw new Error('it did not boot');
    await store.predictions.claim({ predictionId: first.id, attempt: 0 }, instance, at);
    expect(await look()).toMatchObject({
      deployments: [{ id: implicit.id, waiting: 1, inFlight: 1, oldestWaitingAt: at + 1 }],
      instances: [{ id: instance.id, inFlight: 1, state: 'ready' }],
    });

    await store.predictions.finish(first.id, 1, { status: 'succeeded', completedAt: at }, null);
    await store.predictions.finish(second.id, null, { status: 'canceled', completedAt: at }, null);
    expect(await look()).toMatchObject({
      deployments: [{ id: implicit.id, waiting: 0, inFlight: 0, oldestWaitingAt: null }],
      instances: [{ id: instance.id, inFlight: 0 }],
    });

    await store.instances.move(id, 'ready', 'vanished', { at });
    expect(await look()).toEqual({ deployments: [], instances: [] });
  });

  test('a deployment with a minimum, and one whose status is to be cleared', async () => {
    const [kept, troubled] = [await addDeployment(store, { minInstances: 1 }), await addDeployment(store)];
    const none = { failure: null, consecutiveFailures: 0, retryAt: null, failWaitingUntil: null };
    const status = {
      deploymentId: troubled.id,
      blockedReason: 'no-capacity',
      blockedDetail: 'No host has room.',
      ...none,
    };
    await store.deployments.setStatus([status]);
    const { deployments } = await store.instances.observe();
    expect(new Map(deployments.map((row) => [row.id, row.status]))).toEqual(
      new Map([
        [kept.id, null],
        [troubled.id, status],
      ]),
    );
    expect(deployments.find(({ id }) => id === kept.id)).toEqual({
      ...kept,
      demand: { waiting: 0, inFlight: 0, oldestWaitingAt: null },
      slots: 1,
      runtime: 'docker',
      image: 'registry.example/model@sha256:1',
      measuredVram: null,
      status: null,
      warmUntil: null,
    });
    await store.deployments.setStatus([
      { ...status, blockedReason: null, blockedDetail: null, consecutiveFailures: 1 },
    ]);
    expect((await store.instances.observe()).deployments).toHaveLength(2);
    await store.deployments.setStatus([{ ...status, blockedReason: null, blockedDetail: null }]);
    expect((await store.instances.observe()).deployments).toHaveLength(1);
  });

  test('an instance with all that was said of it, a host and hardware', async () => {
    const deployment = await addDeployment(store);
    const row = await addInstance(store, deployment, at);
    await store.hosts.upsert({ id: 'here', name: 'box' });
    const seen = await store.instances.observe();
    const unsaid = { ask: null, askedBy: null, lastUsedAt: null, unhealthy: null, intakeClosed: false, inFlight: 0 };
    expect(seen.instances).toEqual([{ ...row, ...unsaid }]);
    expect(seen.hosts).toEqual(await store.hosts.list());
    expect(seen.hardware).toEqual(await store.hosts.hardware());
  });

  test('a training has its instance to itself', async () => {
    const version = await addVersion(store, undefined, 4);
    const trained = await store.deployments.ensureImplicit(version, { ...SCALE, minInstances: 1 }, 'train');
    const run = await store.deployments.ensureImplicit(version, { ...SCALE, minInstances: 1 });
    const { deployments } = await store.instances.observe();
    const slots = new Map(deployments.map((one) => [one.id, one.slots]));
    expect([slots.get(trained.id), slots.get(run.id)]).toEqual([1, 4]);
  });
}
