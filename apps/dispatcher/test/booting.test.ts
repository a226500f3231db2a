import { systemNow } from '@hearth/kit';
import { testRedis } from '@hearth/testkit';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createWorld, eventually, type Stage, type World } from './world.ts';

const redis = await testRedis();
afterAll(() => redis?.close());

let world: World;
afterEach(() => world.close());

/** Its server is started: the scheduler says where, before it is ready. */
const started = async ({ instance }: Stage, address: string) => {
  await world.store.instances.stampPhase(instance.id, 'setup', systemNow(), address);
  world.transport.bus.poke('dispatcher');
};
/** The dispatcher has made a consumer for it. */
const prepared = async ({ instance }: Stage) => {
  const { rows } = await world.query('select attached_at from consumers where instance_id = $1', [instance.id]);
  expect(rows[0]?.attached_at).toBeInstanceOf(Date);
};

describe.each(['postgres', ...(redis === null ? [] : ['redis'])] as const)('a booting instance, over %s', (kind) => {
  const open = async () => {
    world = await createWorld(kind === 'redis' && redis !== null ? { redisUrl: redis.url } : 'postgres');
    await world.dispatch();
  };

  it('has a consumer before it is ready, and is given nothing until it is', async () => {
    await open();
    const stage = await world.stage({ ready: false });
    await started(stage, stage.model.url);
    await eventually(() => prepared(stage));
    const waiting = await world.predict();
    // Whatever the booting one would have done by now, a ready one beside it has done.
    const other = await world.stage();
    expect((await other.model.next()).id).toBe(`${waiting}-1`);
    expect(stage.model.calls).toHaveLength(0);
    const next = await world.predict();
    await world.ready(stage.instance, stage.model.url);
    expect((await stage.model.next()).id).toBe(`${next}-1`);
  });

  it('that came up elsewhere in the end is given its predictions there', async () => {
    await open();
    const stage = await world.stage({ ready: false });
    await started(stage, 'http://127.0.0.1:9');
    await eventually(() => prepared(stage));
    await world.ready(stage.instance, stage.model.url);
    const id = await world.predict();
    expect((await stage.model.next()).id).toBe(`${id}-1`);
    expect(await world.get(id)).toMatchObject({ attempt: 1 });
  });

  it('whose boot fails is let go of, and its tickets go to others', async () => {
    await open();
    const stage = await world.stage({ ready: false });
    await started(stage, stage.model.url);
    await eventually(() => prepared(stage));
    await world.fail(stage.instance, { kind: 'setup_error', phase: 'setup' });
    const id = await world.predict();
    const other = await world.stage();
    expect((await other.model.next()).id).toBe(`${id}-1`);
    expect(stage.model.calls).toHaveLength(0);
  });
});
