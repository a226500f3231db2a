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

  describe('a dispatcher that ends in the middle of a run', () => {
    it('closes without waiting for it; the next one takes its end, once, billed once', async () => {
      const first = await world.dispatch();
      const { model } = await world.stage();
      const id = await world.predict();
      const call = await model.next();
      await call.report({ status: 'processing', output: ['a'], logs: 'so far' });
      await eventually(async () => expect((await world.get(id)).logs).toBe('so far'));
      await first.close();
      expect(await world.get(id)).toMatchObject({ status: 'processing', attempt: 1 });
      const end = call.insist({ status: 'succeeded', output: ['a', 'b'], logs: 'so far, so good' });
      await world.dispatch({}, first.callbackUrl);
      await end;
      expect(await world.get(id)).toMatchObject({
        status: 'succeeded',
        attempt: 1,
        output: ['a', 'b'],
        logs: 'so far, so good',
      });
      expect(await usage()).toMatchObject([{ predictionId: id, attempt: 1 }]);
      expect(model.calls).toHaveLength(1);
    });

    it('leaves slots taken that its runs still hold, and frees each as they end', async () => {
      const first = await world.dispatch();
      const { model } = await world.stage({ slots: 2 });
      const held = await world.predict();
      const call = await model.next();
      await first.close();
      const second = await world.dispatch({}, first.callbackUrl);
      const waiting = [await world.predict(), await world.predict()];
      const next = await model.next();
      await eventually(async () =>
        expect(await world.transport.queues.depth(world.deployment.id)).toMatchObject({ active: 1 }),
      );
      expect(model.calls).toHaveLength(2);
      await call.insist({ status: 'succeeded' });
      const last = await model.next();
      expect(new Set([next.id, last.id])).toEqual(new Set(waiting.map((id) => `${id}-1`)));
      await Promise.all([next.report({ status: 'succeeded' }), last.report({ status: 'succeeded' })]);
      expect(await world.get(held)).toMatchObject({ status: 'succeeded', attempt: 1 });
      expect(await usage()).toHaveLength(3);
      expect(second.callbackUrl).toBe(first.callbackUrl);
    });

    it('finds that the instance crashed meanwhile', async () => {
      const first = await world.dispatch();
      const { model, instance } = await world.stage();
      const id = await world.predict();
      await model.next();
      await first.close();
      await world.fail(instance, { kind: 'oom', message: 'it used more than 64 MiB', logTail: 'Killed' });
      await world.dispatch();
      expect(await world.ended(id)).toMatchObject({
        status: 'failed',
        error: 'The model ran out of memory: it used more than 64 MiB',
        logs: 'Killed',
      });
      expect(await usage()).toHaveLength(1);
    });

    it('finds that the instance is gone, and tries again elsewhere', async () => {
      const first = await world.dispatch();
      const { model, instance } = await world.stage();
      const id = await world.predict();
      await model.next();
      await first.close();
      await world.fail(instance, { kind: 'lost', message: 'the host went away' });
      await world.dispatch();
      const other = await world.stage();
      await (await other.model.next()).report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2, lostAttempts: 1 });
    });

    it('had claimed a prediction that never reached its container: it is tried again', async () => {
      const { model, instance } = await world.stage();
      const id = await world.predict();
      await world.store.predictions.claim({ predictionId: id, attempt: 0 }, instance, Date.now());
      await world.dispatch({ probeMs: 50 });
      const call = await model.next();
      expect(call.id).toBe(`${id}-2`);
      await call.report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2 });
    });

    describe('on an instance of several slots, one of which is busy', () => {
      const busy = async () => {
        const first = await world.dispatch();
        const stage = await world.stage({ slots: 2 });
        await world.predict();
        const other = await stage.model.next();
        const report = { status: 'processing', logs: 'busy' } as const;
        await other.report(report);
        return { ...stage, first, other, report };
      };
      /** As a dispatcher leaves it that is killed between its claim and the note of what became of that. */
      const claimed = async ({ instance }: Awaited<ReturnType<typeof busy>>) => {
        const id = await world.insert();
        await world.store.predictions.claim({ predictionId: id, attempt: 0 }, instance, Date.now());
        return id;
      };

      it('had claimed a prediction that never reached its container: it is tried again', async () => {
        const stage = await busy();
        await stage.first.close();
        const id = await claimed(stage);
        stage.model.onCancel = () => 404;
        await world.dispatch({ probeMs: 50, sweepMs: 100 }, stage.first.callbackUrl);
        const call = await stage.model.next();
        expect(call.id).toBe(`${id}-2`);
        expect(stage.model.canceled).toEqual([`${id}-1`]);
        await call.report({ status: 'succeeded' });
        expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2, lostAttempts: 0 });
        expect((await usage()).map(({ attempt }) => attempt)).toEqual([2]);
      });

      it('had just sent one: it is canceled there and tried again, as a lost attempt', async () => {
        const stage = await busy();
        await stage.first.close();
        const id = await claimed(stage);
        await world.dispatch({ probeMs: 50, sweepMs: 100 }, stage.first.callbackUrl);
        const call = await stage.model.next();
        expect(call.id).toBe(`${id}-2`);
        await call.report({ status: 'succeeded' });
        expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2, lostAttempts: 1 });
      });

      it('had noted that its container took it: it is left alone', async () => {
        const stage = await busy();
        const id = await world.predict();
        const call = await stage.model.next();
        await eventually(async () =>
          expect(await world.store.consumers.takenBy([stage.instance.id])).toEqual(new Set([stage.other.id, call.id])),
        );
        await stage.first.close();
        const again = await claimed(stage);
        stage.model.onCancel = (cogId) => (cogId === `${again}-1` ? 404 : 200);
        await world.dispatch({ probeMs: 50, sweepMs: 100 }, stage.first.callbackUrl);
        // Whoever was in doubt has been asked after: once that is settled, nobody else is.
        await eventually(async () => expect(await world.get(again)).toMatchObject({ status: 'starting' }));
        await call.insist({ status: 'succeeded', output: 'of the first' });
        expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 1, output: 'of the first' });
        expect(stage.model.canceled).toEqual([`${again}-1`]);
      });
    });

    it('had claimed a prediction for an instance that crashed: who was never there did not crash it', async () => {
      const { model, instance } = await world.stage();
      const id = await world.insert();
      await world.store.predictions.claim({ predictionId: id, attempt: 0 }, instance, Date.now());
      await world.fail(instance, { kind: 'crash', message: 'exit code 1' });
      await world.dispatch({ sweepMs: 100 });
      const other = await world.stage();
      await (await other.model.next()).report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2, lostAttempts: 1 });
      expect(model.calls).toEqual([]);
    });

    it('and the container ended it unheard: at its time limit it is tried again, and not failed', async () => {
      const first = await world.dispatch();
      const { model } = await world.stage({ slots: 2 });
      const id = await world.predict();
      await model.next();
      await first.close();
      model.onCancel = () => 404;
      await world.query(`update predictions set started_at = now() - interval '1 hour' where id = $1`, [id]);
      await world.dispatch({ cancelGraceMs: 2_000, sweepMs: 100 }, first.callbackUrl);
      const call = await model.next();
      expect(call.id).toBe(`${id}-2`);
      await call.report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', lostAttempts: 1 });
    });

    it('lets a running prediction be canceled by the next one', async () => {
      const first = await world.dispatch();
      const { model } = await world.stage();
      const id = await world.predict();
      const call = await model.next();
      await first.close();
      await world.cancel(id);
      await world.dispatch({}, first.callbackUrl);
      await eventually(() => expect(model.canceled).toEqual([call.id]));
      await call.report({ status: 'canceled' });
      expect(await world.get(id)).toMatchObject({ status: 'canceled' });
    });

    it.each([
      ['is just being refused', 1],
      ['waits to be sent again', 6],
    ])('gives back what %s', async (_, tries) => {
      const first = await world.dispatch();
      const { model } = await world.stage();
      model.onStart = () => model.speech.full;
      const id = await world.predict();
      for (let seen = 0; seen < tries; seen++) await model.next();
      // By now the sixth refusal has arrived, and the pause after it is the longest.
      if (tries > 1) await world.get(id);
      await first.close();
      model.onStart = (call) => model.speech.accepted(call.sent);
      await world.dispatch();
      let call = await model.next();
      while (call.id === `${id}-1`) call = await model.next();
      await call.report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2, lostAttempts: 0 });
    });

    it('had closed an intake for ever: that instance is not used again', async () => {
      const closed = await world.stage();
      await world.store.consumers.unhealthy(closed.instance.id, 'it ignored a cancel');
      await world.store.consumers.intakeClosed(closed.instance.id);
      await world.dispatch();
      const { model } = await world.stage();
      for (const n of [1, 2, 3]) {
        const id = await world.predict({ n });
        await (await model.next()).report({ status: 'succeeded' });
        expect(await world.get(id)).toMatchObject({ status: 'succeeded' });
      }
      expect(closed.model.calls).toEqual([]);
    });
  });
});
