import { systemNow } from '@hearth/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GENERATIONS } from './generations.ts';
import { createWorld, eventually, type World } from './world.ts';

describe.each(GENERATIONS)('on %s', (generation) => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld('postgres', undefined, generation);
  });
  afterEach(() => world.close());

  const usage = () => world.store.usage.list({ limit: 9 });
  const kindsOf = (id: string) => world.notices.filter((notice) => notice.id === id).map(({ kind }) => kind);

  describe('an instance that goes down', () => {
    it('by a crash fails what it ran, with its log and billed', async () => {
      const { instance, id, call } = await world.begin();
      await call.report({ status: 'processing', logs: 'step 1', output: ['a'] });
      await world.fail(instance, { kind: 'crash', message: 'exit code 137', logTail: 'Segmentation fault' });
      expect(await world.ended(id)).toMatchObject({
        status: 'failed',
        error: 'The model crashed while it ran: exit code 137',
        logs: 'step 1\nSegmentation fault',
        output: ['a'],
        attempt: 1,
      });
      expect(await usage()).toMatchObject([{ predictionId: id, status: 'failed' }]);
    });

    it('by a crash tells another account nothing of the log, which may hold what others sent', async () => {
      const other = await world.store.accounts.ensure({ type: 'user', username: 'stranger', name: '' });
      await world.dispatch();
      const { instance, model } = await world.stage();
      const id = await world.predict({}, { accountId: other.id });
      const call = await model.next();
      await call.report({ status: 'processing', logs: 'step 1' });
      await world.fail(instance, { kind: 'crash', message: 'exit code 137', logTail: 'prompt of somebody else' });
      expect(await world.ended(id)).toMatchObject({
        status: 'failed',
        error: 'The model crashed while it ran: exit code 137',
        logs: 'step 1',
      });
    });

    it('and is noticed late is billed until it went down, not until then', async () => {
      const { instance, id, call } = await world.begin();
      await call.report({ status: 'processing', logs: 'step 1' });
      const downAt = systemNow();
      await eventually(() => expect(systemNow()).toBeGreaterThan(downAt + 200));
      await world.fail(instance, { kind: 'crash' }, downAt);
      const { createdAt } = await world.ended(id);
      const [record] = await usage();
      expect(record?.predictMicroseconds).toBeLessThanOrEqual((downAt - createdAt) * 1_000);
    });

    it('for want of memory says so', async () => {
      const { instance, id } = await world.begin();
      await world.fail(instance, { kind: 'oom', message: 'it used more than 64 MiB' });
      expect(await world.ended(id)).toMatchObject({
        status: 'failed',
        error: 'The model ran out of memory: it used more than 64 MiB',
      });
    });

    it('is not blamed on the instance when the connection breaks with it: the crash decides', async () => {
      await world.dispatch();
      const { model, instance } = await world.stage();
      model.onStart = () => 'hang up';
      model.health = 'no state that Cog knows';
      const id = await world.predict();
      await model.next();
      await world.fail(instance, { kind: 'crash', message: 'exit code 1' });
      expect(await world.ended(id)).toMatchObject({
        status: 'failed',
        error: 'The model crashed while it ran: exit code 1',
      });
    });

    it('for no reason of its own gives its prediction to another, unbilled; an old report counts for nothing', async () => {
      await world.dispatch();
      const first = await world.stage();
      const id = await world.predict();
      const lost = await first.model.next();
      await lost.report({ status: 'processing', logs: 'of the first', output: ['x', 'y'] });
      await world.fail(first.instance, { kind: 'lost', message: 'the engine went away' });
      const second = await world.stage();
      const call = await second.model.next();
      expect(call.id).toBe(`${id}-2`);
      expect(await lost.report({ status: 'succeeded', output: 'from beyond' })).toBe(200);
      expect(await world.get(id)).toMatchObject({ status: 'processing', lostAttempts: 1, logs: '', output: null });
      await call.report({ status: 'succeeded', output: 'second' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', output: 'second', attempt: 2 });
      expect(await usage()).toMatchObject([{ attempt: 2 }]);
      // How a try began is told only where it lasts.
      await eventually(() => expect(kindsOf(id)).toEqual(expect.arrayContaining(['returned', 'finished'])));
    });

    it('three times is enough: the prediction fails, unbilled', async () => {
      await world.dispatch();
      const id = await world.predict();
      for (let time = 1; time <= 3; time++) {
        const { model, instance } = await world.stage();
        expect((await model.next()).id).toBe(`${id}-${time}`);
        await world.fail(instance, { kind: 'lost', message: 'the host went away' });
      }
      const row = await world.ended(id);
      expect(row).toMatchObject({ status: 'failed', lostAttempts: 3, attempt: 3 });
      expect(row.error).toBe(
        'Its instance was lost 3 times while it ran, the last time because its instance was lost (the host went away).',
      );
      expect(await usage()).toEqual([]);
    });
  });

  describe('a server that still answers', () => {
    it('is retired once its process has died, after the failure was told', async () => {
      const { model, instance, id, call } = await world.begin();
      model.die();
      await call.report({ status: 'failed', error: 'It might have run out of memory?' });
      expect(await world.get(id)).toMatchObject({ status: 'failed' });
      await eventually(async () => {
        const [seen] = (await world.store.instances.observe()).instances;
        expect(seen).toMatchObject({ id: instance.id, unhealthy: 'its server reports DEFUNCT', intakeClosed: true });
      });
      await eventually(() => expect(world.schedulerPokes()).toBeGreaterThan(0));
    });

    it('takes nothing more: what it refuses for being defunct goes elsewhere', async () => {
      await world.dispatch();
      const broken = await world.stage();
      broken.model.health = 'SETUP_FAILED';
      broken.model.onStart = () => ({ status: 500 });
      const id = await world.predict();
      await broken.model.next();
      const { model } = await world.stage();
      await (await model.next()).report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2 });
      expect(broken.model.calls).toHaveLength(1);
    });

    it('is found unhealthy while it is idle', async () => {
      await world.dispatch({ probeMs: 20, idleProbeMs: 20 });
      const { model } = await world.stage();
      await eventually(() => expect(model.asked).toBeGreaterThan(0));
      model.health = 'UNHEALTHY';
      await eventually(async () =>
        expect((await world.store.instances.observe()).instances[0]?.unhealthy).toBe('its server reports UNHEALTHY'),
      );
    });

    it('lost a run that it was seen busy with, if it is free twice and silent', async () => {
      await world.dispatch({ probeMs: 50 });
      const first = await world.stage();
      first.model.health = 'BUSY';
      const id = await world.predict();
      await first.model.next();
      await eventually(() => expect(first.model.asked).toBeGreaterThan(0));
      first.model.onStart = () => first.model.speech.full;
      first.model.health = 'READY';
      await eventually(async () => expect(await world.get(id)).toMatchObject({ lostAttempts: 1 }));
      const second = await world.stage();
      await (await second.model.next()).report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', lostAttempts: 1 });
    });

    it('that is free once, and busy again, has lost nothing', async () => {
      await world.dispatch({ probeMs: 20 });
      const { model } = await world.stage();
      model.healthOnce.push('BUSY', 'READY', 'BUSY', 'READY', 'BUSY');
      model.health = 'BUSY';
      const id = await world.predict();
      const call = await model.next();
      await eventually(() => expect(model.asked).toBeGreaterThan(6));
      expect(await world.get(id)).toMatchObject({ status: 'processing', lostAttempts: 0 });
      await call.report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
    });

    it('that is defunct and says nothing of the run it held fails it', async () => {
      await world.dispatch({ probeMs: 20 });
      const { model } = await world.stage();
      model.die();
      const id = await world.predict();
      await model.next();
      const error = "The model's process died while it ran (its server reports DEFUNCT).";
      expect(await world.ended(id)).toMatchObject({ status: 'failed', error });
    });

    it('that never says BUSY is not taken at its word', async () => {
      const { model, id, call } = await world.begin({ probeMs: 20 });
      await eventually(() => expect(model.asked).toBeGreaterThan(6));
      expect(await world.get(id)).toMatchObject({ status: 'processing', lostAttempts: 0 });
      await call.report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 1 });
    });

    it('hung up on a start: what it may run of it is canceled, and the prediction tried again', async () => {
      await world.dispatch();
      const { model } = await world.stage();
      model.onStart = (call, earlier) => (earlier === 0 ? 'hang up' : model.speech.accepted(call.sent));
      const id = await world.predict();
      const torn = await model.next();
      const call = await model.next();
      expect([torn.id, call.id]).toEqual([`${id}-1`, `${id}-2`]);
      await eventually(() => expect(model.canceled).toEqual([`${id}-1`]));
      await call.report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', lostAttempts: 1 });
    });

    it('is gone before the scheduler noticed: nothing was sent, so nothing was lost', async () => {
      await world.dispatch();
      const { model } = await world.stage();
      await model.close();
      const id = await world.predict();
      await eventually(async () => expect((await world.get(id)).attempt).toBeGreaterThan(0));
      const alive = await world.stage();
      await (await alive.model.next()).report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', lostAttempts: 0 });
    });
  });
});
