import type { WirePage, WireTraining } from '@hearth/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDispatcher, ECHO_SCHEMA, type House, type Problem, startHouse } from './harness.ts';

const TRAINABLE = {
  ...ECHO_SCHEMA,
  components: {
    schemas: {
      ...ECHO_SCHEMA.components.schemas,
      TrainingInput: {
        type: 'object',
        required: ['data'],
        properties: {
          data: { type: 'string', format: 'uri', 'x-order': 0 },
          steps: { type: 'integer', minimum: 1, maximum: 10, default: 5, 'x-order': 1 },
        },
      },
    },
  },
};
const INPUT = { data: 'https://example.com/data.zip' };

let house: House;
let base: Awaited<ReturnType<House['addModel']>>;
let path: string;
beforeAll(async () => {
  house = await startHouse();
  base = await house.addModel('base', TRAINABLE);
  await house.addModel('mine');
  path = `/v1/models/hearth/base/versions/${base.version.id}/trainings`;
});
afterAll(() => house.close());

const train = (body: object = {}, more: Parameters<House['ask']>[3] = {}) =>
  house.ask<WireTraining>('POST', path, { destination: 'hearth/mine', input: INPUT, ...body }, more);
const refused = (body: object, at = path, token?: string) =>
  house.ask<Problem>('POST', at, { destination: 'hearth/mine', input: INPUT, ...body }, token ? { token } : {});

describe('a new training', () => {
  it('waits on the train mode of its version, which is made once', async () => {
    const made = await train({ webhook: 'https://example.com/hook', webhook_events_filter: ['completed'] });
    expect(made).toMatchObject({
      status: 201,
      headers: { location: `http://hearth.test/v1/trainings/${made.body.id}` },
      body: {
        status: 'starting',
        model: 'hearth/base',
        version: base.version.id,
        destination: 'hearth/mine',
        input: INPUT,
        output: null,
        webhook: 'https://example.com/hook',
        webhook_events_filter: ['completed'],
        urls: { get: `http://hearth.test/v1/predictions/${made.body.id}` },
      },
    });
    expect(made.body).not.toHaveProperty('deployment');
    const row = await house.store.predictions.get(made.body.id);
    const deployment = await house.store.deployments.get(row?.deploymentId ?? '');
    expect(row).toMatchObject({ kind: 'training', destination: 'hearth/mine' });
    expect(deployment).toMatchObject({
      mode: 'train',
      implicit: true,
      minInstances: 0,
      keepAlive: { kind: 'fixed', ms: 10_000 },
    });
    expect(deployment?.id).not.toBe(base.deployment.id);
    const again = await house.store.predictions.get((await train()).body.id);
    expect(again?.deploymentId).toBe(deployment?.id);
    const prediction = await house.ask('POST', '/v1/predictions', { version: base.version.id, input: { text: 'hi' } });
    expect((await house.store.predictions.get(prediction.body.id))?.deploymentId).toBe(base.deployment.id);
  });

  it('is made once under an Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'train-once' };
    const [first, second] = [await train({}, { headers }), await train({}, { headers })];
    expect(second.body.id).toBe(first.body.id);
    expect((await train({ input: { ...INPUT, steps: 2 } }, { headers })).status).toBe(422);
  });

  it.each([
    ['that nobody made', 'hearth/nowhere'],
    ['that is no name', 'mine'],
    ['that is more than a name', 'hearth/mine/x'],
  ])('is refused for a destination %s', async (_what, destination) => {
    expect(await refused({ destination })).toMatchObject({
      status: 404,
      body: { code: 'not-found', detail: 'The specified training destination does not exist', status: 404 },
    });
  });

  it("is refused for another account's destination, as if it were not there", async () => {
    const { token } = await house.addCaller('stranger', 'member');
    expect(await refused({}, path, token)).toMatchObject({
      status: 404,
      body: { detail: 'The specified training destination does not exist' },
    });
  });

  it('is refused where its input does not fit, each field named', async () => {
    const { status, body } = await refused({ input: { steps: 11, colour: 'red' } });
    expect(status).toBe(422);
    expect(body.invalid_fields?.map(({ field, type }) => [field, type])).toEqual([
      ['input.data', 'required'],
      ['input.steps', 'number_lte'],
      ['input.colour', 'additional_property_not_allowed'],
    ]);
    const missing = await house.ask<Problem>('POST', path, { input: INPUT });
    expect(missing).toMatchObject({ status: 422, body: { invalid_fields: [{ field: 'destination' }] } });
  });

  it('is refused of a version that has no trainer, and of none', async () => {
    const plain = await house.addModel('plain');
    const untrainable = await refused({}, `/v1/models/hearth/plain/versions/${plain.version.id}/trainings`);
    expect(untrainable).toMatchObject({
      status: 422,
      body: {
        code: 'not-trainable',
        detail: expect.stringContaining(`hearth/plain:${plain.version.id} has no trainer`),
      },
    });
    for (const other of [`base/versions/${'0'.repeat(64)}`, `plain/versions/${base.version.id}`])
      expect(await refused({}, `/v1/models/hearth/${other}/trainings`)).toMatchObject({ status: 404 });
  });
});

describe('trainings', () => {
  it('are listed on their own and read one by one; predictions are none', async () => {
    const { body: made } = await train();
    const listed = await house.ask<WirePage<WireTraining>>('GET', '/v1/trainings');
    expect(listed.body.results[0]).toMatchObject({ id: made.id, destination: 'hearth/mine' });
    const predictions = await house.ask<WirePage<WireTraining>>('GET', '/v1/predictions');
    expect(predictions.body.results.map(({ id }) => id)).not.toContain(made.id);
    expect((await house.ask('GET', `/v1/trainings/${made.id}`)).body).toMatchObject({ id: made.id });
    expect((await house.ask('GET', `/v1/predictions/${made.id}`)).body).toMatchObject({ id: made.id });
    const prediction = await house.ask('POST', '/v1/predictions', { version: base.version.id, input: { text: 'hi' } });
    expect(await house.ask<Problem>('GET', `/v1/trainings/${prediction.body.id}`)).toMatchObject({
      status: 404,
      body: { detail: `Training ${prediction.body.id} was not found.` },
    });
    const { token } = await house.addCaller('other', 'member');
    expect((await house.ask('GET', `/v1/trainings/${made.id}`, undefined, { token })).status).toBe(404);
    expect((await house.ask('POST', `/v1/trainings/${made.id}/cancel`, undefined, { token })).status).toBe(404);
  });

  it.each(['trainings', 'predictions'])('are canceled at /v1/%s/{id}/cancel', async (collection) => {
    const dispatcher = createDispatcher(house.deps);
    const { body: made } = await train();
    const stop = house.whenPoked('dispatcher', async () => {
      const row = await house.store.predictions.get(made.id);
      if (row?.status === 'starting' && row.cancelRequestedAt !== null) await dispatcher.finish(row, 'canceled');
    });
    const canceled = await house.ask('POST', `/v1/${collection}/${made.id}/cancel`);
    stop();
    expect(canceled).toMatchObject({ status: 200, body: { id: made.id, status: 'canceled' } });
    expect((await house.ask('POST', `/v1/trainings/${made.id}/cancel`)).body).toMatchObject({ status: 'canceled' });
  });
});
