import { testRedis } from '@hearth/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GENERATIONS } from './generations.ts';
import { createWorld, eventually, type World } from './world.ts';

const redis = await testRedis();
afterAll(() => redis?.close());

let world: World;
afterEach(() => world.close());

const seen = async (instanceId: string) =>
  (await world.store.instances.observe()).instances.find(({ id }) => id === instanceId);
const drain = async (instanceId: string) => {
  await world.store.instances.move(instanceId, 'ready', 'drain', { at: Date.now(), reason: 'idle' });
  world.transport.bus.poke('dispatcher');
};

describe.each(GENERATIONS)('draining an instance of %s', (generation) => {
  beforeEach(async () => {
    world = await createWorld('postgres', undefined, generation);
  });

  it('closes the intake once the instance holds nothing, and tells the scheduler', async () => {
    await world.dispatch();
    const { model, instance } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    await drain(instance.id);
    const waiting = await world.predict();
    const other = await world.stage();
    expect((await other.model.next()).id).toBe(`${waiting}-1`);
    expect(await seen(instance.id)).toMatchObject({ intakeClosed: false, inFlight: 1 });
    const before = world.schedulerPokes();
    await call.report({ status: 'succeeded' });
    await eventually(async () => expect(await seen(instance.id)).toMatchObject({ intakeClosed: true, inFlight: 0 }));
    await eventually(() => expect(world.schedulerPokes()).toBeGreaterThan(before));
    expect(await world.get(id)).toMatchObject({ status: 'succeeded' });
    expect(model.calls).toHaveLength(1);
  });

  it('of an idle instance closes its intake at once', async () => {
    await world.dispatch();
    const { instance } = await world.stage();
    await drain(instance.id);
    await eventually(async () => expect(await seen(instance.id)).toMatchObject({ intakeClosed: true }));
  });

  it('of instances that this dispatcher never attached waits for what an earlier one left on them', async () => {
    const first = await world.dispatch();
    const busy = await world.stage();
    const id = await world.predict();
    const call = await busy.model.next();
    const idle = await world.stage();
    await first.close();
    await drain(busy.instance.id);
    await drain(idle.instance.id);
    await world.dispatch({}, first.callbackUrl);
    await eventually(async () => expect(await seen(idle.instance.id)).toMatchObject({ intakeClosed: true }));
    expect(await seen(busy.instance.id)).toMatchObject({ intakeClosed: false });
    await call.insist({ status: 'succeeded' });
    await eventually(async () => expect(await seen(busy.instance.id)).toMatchObject({ intakeClosed: true }));
    expect(await world.get(id)).toMatchObject({ status: 'succeeded' });
  });
});

it('one that leads no more claims nothing, though its term is not over yet', async () => {
  world = await createWorld();
  let [asked, leads] = [0, false];
  world.isLeading = () => {
    asked++;
    return leads;
  };
  await world.dispatch({ restMs: 20 });
  const { model } = await world.stage();
  const id = await world.predict();
  await eventually(() => expect(asked).toBeGreaterThan(1));
  expect(await world.get(id)).toMatchObject({ status: 'starting', attempt: 0 });
  leads = true;
  await (await model.next()).report({ status: 'succeeded', output: 'done' });
  expect(await world.ended(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
});

describe('a deployment that does not come up', () => {
  it('fails what waited for it, with the reason and the log, and leaves what came later', async () => {
    world = await createWorld();
    await world.dispatch();
    const [old, older] = [await world.predict(), await world.predict()];
    const failWaitingUntil = Date.now() + 1;
    const young = await world.predict({}, { createdAt: failWaitingUntil + 60_000 });
    const failure = {
      kind: 'setup_error',
      phase: 'setup',
      message: 'setup() raised KeyError',
      logTail: 'Traceback',
      exitCode: null,
      at: Date.now(),
    } as const;
    await world.store.deployments.setStatus([
      {
        deploymentId: world.deployment.id,
        blockedReason: 'crash-loop',
        blockedDetail: 'again',
        failure,
        consecutiveFailures: 3,
        retryAt: null,
        failWaitingUntil,
      },
    ]);
    world.transport.bus.poke('dispatcher');
    for (const id of [old, older])
      expect(await world.ended(id)).toMatchObject({
        status: 'failed',
        error: 'setup() raised KeyError (setup_error)',
        logs: 'Traceback',
        attempt: 0,
      });
    expect(await world.get(young)).toMatchObject({ status: 'starting' });
    expect(await world.store.usage.list({ limit: 9 })).toEqual([]);
    await eventually(async () =>
      expect(await world.transport.queues.depth(world.deployment.id)).toMatchObject({ waiting: 1 }),
    );
  });
});

describe('the sweep', () => {
  it.skipIf(redis === null)(
    'gives every waiting prediction its ticket again after a Redis that was wiped',
    async () => {
      if (!redis) return;
      world = await createWorld({ redisUrl: redis.url });
      const ids = [await world.predict(), await world.predict()];
      await redis.flush();
      expect(await world.transport.queues.depth(world.deployment.id)).toEqual({ waiting: 0, active: 0 });
      await world.dispatch();
      const { model } = await world.stage({ slots: 2 });
      const calls = [await model.next(), await model.next()];
      expect(new Set(calls.map(({ id }) => id))).toEqual(new Set(ids.map((id) => `${id}-1`)));
      await redis.flush();
      const late = await world.insert();
      for (const call of calls) await call.report({ status: 'succeeded' });
      const call = await model.next();
      expect(call.id).toBe(`${late}-1`);
      await call.report({ status: 'succeeded' });
    },
  );

  it('restores a ticket that was never written', async () => {
    world = await createWorld();
    await world.dispatch({ sweepMs: 50 });
    const { model } = await world.stage();
    const id = await world.insert();
    const call = await model.next();
    expect(call.id).toBe(`${id}-1`);
    await call.report({ status: 'succeeded' });
  });

  it('gives back a claim whose answer never arrived', async () => {
    world = await createWorld();
    await world.dispatch({ sweepMs: 50 });
    const { model, instance } = await world.stage({ ready: false });
    // The claim that this dispatcher knows nothing of, and that leaves no ticket behind.
    const id = await world.insert();
    await world.store.predictions.claim({ predictionId: id, attempt: 0 }, instance, Date.now());
    await world.ready(instance, model.url);
    const call = await model.next();
    expect(call.id).toBe(`${id}-2`);
    await call.report({ status: 'succeeded' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', lostAttempts: 0 });
  });
});
