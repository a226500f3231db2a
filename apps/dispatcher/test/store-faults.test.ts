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

  describe('a store that is away', () => {
    it('keeps the end: the container is asked to send it again, and it is stored once', async () => {
      const { id, call } = await world.begin();
      const broken = await world.breakFinish();
      expect(await call.report({ status: 'succeeded', output: 'kept' })).toBe(503);
      expect((await world.get(id)).status).toBe('processing');
      await broken.mend();
      await call.insist({ status: 'succeeded', output: 'kept' });
      expect(await world.ended(id)).toMatchObject({ status: 'succeeded', output: 'kept' });
      expect(await usage()).toHaveLength(1);
    });
  });

  describe('a store that was killed just after a claim, and forgot it', () => {
    const forget = (id: string) =>
      world.query(
        `update predictions set status = 'starting', attempt = 0, instance_id = null, started_at = null where id = $1`,
        [id],
      );

    it('takes the end of the run all the same, once', async () => {
      const { id, call } = await world.begin();
      await forget(id);
      expect(await call.report({ status: 'succeeded', output: 'kept' })).toBe(200);
      expect(await world.ended(id)).toMatchObject({ status: 'succeeded', output: 'kept', attempt: 1 });
      expect(await usage()).toHaveLength(1);
    });

    it('has the next dispatcher run it under another id, and bill that run alone', async () => {
      const first = await world.dispatch();
      const { model, instance } = await world.stage({ slots: 2 });
      const id = await world.predict();
      const forgotten = await model.next();
      await first.close();
      await forget(id);
      await world.query(
        `update predictions set created_at = pg_postmaster_start_time() - interval '1 second' where id = $1`,
        [id],
      );
      await world.dispatch({}, first.callbackUrl);
      const call = await model.next();
      expect(call.id).not.toBe(forgotten.id);
      expect(await forgotten.report({ status: 'succeeded', output: 'of the first' })).toBe(200);
      await call.report({ status: 'succeeded', output: 'of the second', metrics: { predict_time: 0.001 } });
      const row = await world.ended(id);
      expect(row).toMatchObject({ status: 'succeeded', output: 'of the second', instanceId: instance.id });
      expect(await usage()).toMatchObject([{ attempt: row.attempt, predictMicroseconds: 1_000 }]);
    });

    it('and whose ticket a queue hands out again has the run go on, not begin again', async () => {
      const { id, call } = await world.begin();
      const { modelId, versionId, hardwareSku } = world.deployment;
      const scale = { minInstances: 0, maxInstances: 1, keepAlive: { kind: 'fixed', ms: 60_000 } } as const;
      const added = { owner: 'ada', name: 'other', modelId, versionId, hardwareSku, ...scale };
      const deployment = await world.store.deployments.insert(added);
      if (deployment === 'taken') throw new Error('there is such a deployment already');
      // Its own queue still holds the first ticket: another stands for the same one, emptied.
      const other = await world.stage({ deployment });
      await forget(id);
      await world.transport.queues.enqueue(deployment.id, { predictionId: id, attempt: 0 }, 0);
      await eventually(async () => expect((await world.get(id)).attempt).toBe(1));
      await call.insist({ status: 'succeeded', output: 'once' });
      expect(await world.ended(id)).toMatchObject({ status: 'succeeded', output: 'once', attempt: 1 });
      expect(other.model.calls).toEqual([]);
    });
  });

  describe('a result that cannot be stored', () => {
    it('fails the prediction instead of being tried for ever', async () => {
      const { id, call } = await world.begin();
      // Nested deeper than Postgres reads JSON; sent as text, because JavaScript cannot write it either.
      const depth = 20_000;
      expect(await call.send(`{"status":"succeeded","output":${'['.repeat(depth)}${']'.repeat(depth)}}`)).toBe(503);
      const row = await world.ended(id);
      expect(row.status).toBe('failed');
      expect(row.error).toMatch(/^The result could not be stored: /);
    });
  });
});
