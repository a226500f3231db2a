import { systemNow } from '@hearth/kit';
import { testRedis } from '@hearth/testkit';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createWorld, eventually, type World } from './world.ts';

const redis = await testRedis();
afterAll(() => redis?.close());
const TRANSPORTS = [
  { name: 'Postgres', kind: 'postgres' as const },
  ...(redis ? [{ name: 'Redis', kind: { redisUrl: redis.url } }] : []),
];

describe.each(TRANSPORTS)('over $name', ({ kind }) => {
  let world: World;
  let other: string;
  beforeEach(async () => {
    world = await createWorld(kind);
    other = (await world.store.accounts.ensure({ type: 'user', username: 'bob', name: 'Bob' })).id;
  });
  afterEach(() => world.close());

  /** As the api does it. */
  const create = async (accountId: string): Promise<string> => {
    const id = await world.insert({}, { accountId });
    const { held, priority } = await world.get(id);
    if (!held) await world.transport.queues.enqueue(world.deployment.id, { predictionId: id, attempt: 0 }, priority);
    world.transport.bus.poke('dispatcher');
    return id;
  };
  const limit = async (maxInFlight: number | null) => {
    await world.store.accounts.setShare('ada', { maxInFlight });
    world.transport.bus.poke('dispatcher');
  };
  const asked = async () => {
    const account = await world.store.accounts.overviewOf('ada');
    return { inFlight: account?.inFlight, waiting: account?.waiting, held: account?.held };
  };

  it('the single prediction of one account runs before the many of another', async () => {
    await world.dispatch();
    const { model } = await world.stage();
    const many = [];
    for (let n = 0; n < 5; n++) many.push(await create(world.accountId));
    const running = await model.next();
    const single = await create(other);
    await running.report({ status: 'succeeded' });
    const order = [running.id];
    while (order.length < 6) {
      const call = await model.next();
      order.push(call.id);
      await call.report({ status: 'succeeded' });
    }
    const ofMany = order.filter((id) => id !== `${single}-1`);
    expect(ofMany).toEqual(many.map((id) => `${id}-1`));
    // BullMQ may have handed out the second before the single one came.
    expect(order.indexOf(`${single}-1`)).toBeLessThanOrEqual(2);
  });

  it('a wiped queue is restored in its order', async () => {
    const [a, b, c] = [await create(world.accountId), await create(world.accountId), await create(other)];
    await world.transport.queues.obliterate(world.deployment.id);
    await world.dispatch();
    await eventually(async () =>
      expect(await world.transport.queues.depth(world.deployment.id)).toMatchObject({ waiting: 3 }),
    );
    const { model } = await world.stage();
    for (const id of [a, c, b]) {
      const call = await model.next();
      expect(call.id).toBe(`${id}-1`);
      await call.report({ status: 'succeeded' });
    }
  });

  describe('an account with a limit', () => {
    it('has no more running or queued than that, and gets the next in as one ends', async () => {
      // It does not look by itself in the time of a test.
      await world.dispatch({ reconcileMs: 600_000 });
      const { model } = await world.stage({ slots: 4 });
      await limit(2);
      const ids = [];
      for (let n = 0; n < 8; n++) ids.push(await create(world.accountId));
      const [first, second] = [await model.next(), await model.next()];
      expect(new Set([first.id, second.id])).toEqual(new Set([`${ids[0]}-1`, `${ids[1]}-1`]));
      await eventually(async () => expect(await asked()).toEqual({ inFlight: 2, waiting: 0, held: 6 }));
      // Others are not in its way.
      const single = await create(other);
      const third = await model.next();
      expect(third.id).toBe(`${single}-1`);
      await first.report({ status: 'succeeded' });
      // One after the other, long after the last poke of the creates.
      for (const id of ids.slice(2)) {
        const call = await model.next();
        expect(call.id).toBe(`${id}-1`);
        await call.report({ status: 'succeeded' });
      }
      expect(await asked()).toEqual({ inFlight: 1, waiting: 0, held: 0 });
    });

    it('is kept to it by the next dispatcher', async () => {
      const first = await world.dispatch();
      await limit(1);
      const { model } = await world.stage({ slots: 2 });
      const ids = [await create(world.accountId), await create(world.accountId)];
      const call = await model.next();
      await first.close();
      await world.dispatch({}, first.callbackUrl);
      await call.insist({ status: 'succeeded' });
      const next = await model.next();
      expect(next.id).toBe(`${ids[1]}-1`);
      await next.report({ status: 'succeeded' });
      expect(await asked()).toEqual({ inFlight: 0, waiting: 0, held: 0 });
    });

    it('that is lowered takes the newest out of the queue; lifted, all are let in', async () => {
      const ids = [];
      for (let n = 0; n < 4; n++) ids.push(await create(world.accountId));
      await world.dispatch();
      await limit(1);
      await eventually(async () => {
        expect(await asked()).toEqual({ inFlight: 0, waiting: 1, held: 3 });
        expect(await world.transport.queues.depth(world.deployment.id)).toEqual({ waiting: 1, active: 0 });
      });
      await limit(null);
      await eventually(async () =>
        expect(await world.transport.queues.depth(world.deployment.id)).toEqual({ waiting: 4, active: 0 }),
      );
      const { model } = await world.stage();
      for (const id of ids) {
        const call = await model.next();
        expect(call.id).toBe(`${id}-1`);
        await call.report({ status: 'succeeded' });
      }
    });

    it('gets the next in when one is canceled before it ran', async () => {
      await world.dispatch();
      await limit(1);
      const [first, second] = [await create(world.accountId), await create(world.accountId)];
      await eventually(async () => expect((await world.get(first)).held).toBe(false));
      await world.store.predictions.requestCancel(first, systemNow());
      world.transport.bus.poke('dispatcher');
      await eventually(async () => expect((await world.get(second)).held).toBe(false));
      expect(await world.get(first)).toMatchObject({ status: 'canceled' });
    });
  });
});
