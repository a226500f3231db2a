import { createHash } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Dispatcher } from '../src/dispatcher.ts';
import { trainingEndpoint } from '../src/model/training-endpoint.ts';
import { createWorld, eventually, type Stage, type World } from './world.ts';

let world: World;
let dispatcher: Dispatcher;
beforeEach(async () => {
  world = await createWorld();
  dispatcher = await world.dispatch();
});
afterEach(() => world.close());

const WEIGHTS = 'ten bytes!';
const train = (destination = 'ada/echo') => world.predict({ text: 'a' }, { kind: 'training', destination });
const upload = async ({ instance, token }: Stage, name = 'w.bin'): Promise<string> => {
  const url = `${dispatcher.callbackUrl}/uploads/${instance.id}/${token}/${name}`;
  const response = await request(url, { method: 'PUT', body: WEIGHTS });
  await response.body.dump();
  return String(response.headers.location);
};
const versions = async () => {
  const model = await world.store.models.byName('ada', 'echo');
  return world.store.models.versions(model?.id ?? '', { limit: 10 });
};
const made = async () => (await versions()).filter((version) => version.baseVersionId !== null);
const sha256 = (data: string) => createHash('sha256').update(data).digest('hex');

/** Trains until its server says that it succeeded with this output. */
async function trained(output: (weights: string) => unknown, destination?: string, on?: Stage) {
  const stage = on ?? (await world.stage());
  const id = await train(destination);
  const call = await stage.model.next();
  const weights = await upload(stage);
  await call.insist({ status: 'succeeded', output: output(weights), metrics: { predict_time: 0.001 } });
  return { stage, weights, row: await world.ended(id) };
}

describe('the end of a training', () => {
  it.each([
    ['an object with weights', (weights: string) => ({ weights, loss: 0.5 }), { loss: 0.5 }],
    ['the weights alone', (weights: string) => weights, {}],
    ['a data: URI', () => `data:application/octet-stream;base64,${btoa(WEIGHTS)}`, {}],
  ])('that returned %s makes a version of the destination, with the base server', async (_what, output, more) => {
    const { row } = await trained(output);
    const [version] = await made();
    const model = await world.store.models.byName('ada', 'echo');
    const base = await world.store.models.version(row.versionId);
    expect(version).toMatchObject({
      id: sha256(`${row.versionId}\n${model?.id}\n${sha256(WEIGHTS)}`),
      modelId: model?.id,
      baseVersionId: row.versionId,
      source: base?.source,
      openapiSchema: base?.openapiSchema,
      slots: base?.slots,
    });
    expect(row).toMatchObject({ status: 'succeeded', error: null });
    expect(row.output).toEqual({
      ...more,
      version: `ada/echo:${version?.id}`,
      weights: expect.stringContaining(`/v1/outputs/${version?.weightsFileId}.`),
    });
    expect(await world.store.usage.list({ limit: 9 })).toMatchObject([{ predictionId: row.id, status: 'succeeded' }]);
  });

  it.each([
    ['nothing', () => null, undefined, 'The training returned no weights'],
    ['no weights', () => ({ loss: 1 }), undefined, 'The training returned no weights'],
    ['a file of nobody', () => ({ weights: 'https://example.com/w.bin' }), undefined, 'is no file that it uploaded'],
    ['for a model that is gone', (weights: string) => weights, 'ada/gone', 'ada/gone no longer exists'],
  ])('that returned %s fails with the reason, billed for what it ran', async (_what, output, destination, error) => {
    const { row } = await trained(output, destination);
    expect(row).toMatchObject({ status: 'failed', error: expect.stringContaining(error) });
    expect(await made()).toEqual([]);
    expect(await world.store.usage.list({ limit: 9 })).toMatchObject([{ predictionId: row.id, status: 'failed' }]);
  });

  it('with the weights of another training is refused', async () => {
    const { weights, stage } = await trained((own) => own);
    const { row } = await trained(() => weights, 'ada/echo', stage);
    expect(row).toMatchObject({ status: 'failed', error: expect.stringContaining('is no file that it uploaded') });
  });

  it('is written once by the next dispatcher, where the first could not', async () => {
    const stage = await world.stage();
    const id = await train();
    const call = await stage.model.next();
    const weights = await upload(stage);
    const broken = await world.breakFinish();
    const told = call.insist({ status: 'succeeded', output: weights });
    await eventually(async () => expect((await world.get(id)).status).toBe('processing'));
    expect(await made(), 'never the version without the end').toEqual([]);
    const { callbackUrl } = dispatcher;
    await dispatcher.close();
    await broken.mend();
    dispatcher = await world.dispatch({}, callbackUrl);
    await told;
    const row = await world.ended(id);
    expect(row).toMatchObject({ status: 'succeeded', attempt: 1 });
    expect(await made()).toMatchObject([{ baseVersionId: row.versionId }]);
    expect(await world.store.usage.list({ limit: 9 })).toHaveLength(1);
  });
});

describe('a training is sent', () => {
  it.each([
    ['/trainings, where the index names it', { trainings_url: '/trainings' }, '/trainings'],
    ['/predictions, where it does not', { docs_url: '/docs' }, '/predictions'],
  ])('to %s', async (_where, index, endpoint) => {
    expect(trainingEndpoint(index)).toBe(endpoint);
    const stage = await world.stage({ ready: false });
    stage.model.index = index;
    await world.ready(stage.instance, stage.model.url);
    const id = await train();
    const call = await stage.model.next();
    expect(call).toMatchObject({ method: 'PUT', path: `${endpoint}/${id}-1` });
    await world.cancel(id);
    await eventually(() => expect(stage.model.canceled).toEqual([`${id}-1`]));
    await call.report({ status: 'canceled' });
    expect(await world.ended(id)).toMatchObject({ status: 'canceled' });
    expect(await made()).toEqual([]);
  });

  it('and has a time limit of its own', async () => {
    await dispatcher.close();
    dispatcher = await world.dispatch({ predictionTimeoutMs: 60_000, trainingTimeoutMs: 1_000, cancelGraceMs: 10 });
    const { model } = await world.stage();
    const id = await train();
    await model.next();
    expect(await world.ended(id)).toMatchObject({ status: 'failed', error: 'Training timed out after 1s.' });
  });
});

describe('the weights of a version', () => {
  it('are served to its instances, whole or in parts, and to nobody else', async () => {
    const { row } = await trained((weights) => ({ weights }));
    const [version] = await made();
    if (!version) throw new Error(`training ${row.id} made no version`);
    const scale = {
      hardwareSku: 'cpu',
      minInstances: 0,
      maxInstances: 1,
      keepAlive: { kind: 'fixed', ms: 1_000 } as const,
    };
    const deployment = await world.store.deployments.ensureImplicit(version, scale);
    const { instance, token } = await world.stage({ deployment, ready: false });
    const url = `${dispatcher.callbackUrl}/weights/${instance.id}/${token}/w.bin`;
    const get = async (address: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') => {
      const response = await request(address, { method, headers });
      return { status: response.statusCode, headers: response.headers, body: await text(response.body) };
    };
    expect(await get(url)).toMatchObject({ status: 200, body: WEIGHTS, headers: { 'accept-ranges': 'bytes' } });
    expect(await get(url, {}, 'HEAD')).toMatchObject({ status: 200, headers: { 'content-length': '10' }, body: '' });
    expect(await get(url, { range: 'bytes=4-8' })).toMatchObject({
      status: 206,
      body: 'bytes',
      headers: { 'content-range': 'bytes 4-8/10', 'content-length': '5' },
    });
    expect(await get(url, { range: 'bytes=10-' })).toMatchObject({ status: 416 });
    expect(await get(url.replace(token, 'x'.repeat(token.length)))).toMatchObject({ status: 401 });
    const base = await world.stage({ ready: false });
    const ofBase = `${dispatcher.callbackUrl}/weights/${base.instance.id}/${base.token}/w.bin`;
    expect(await get(ofBase), 'the base version has none').toMatchObject({ status: 404 });
  });
});
