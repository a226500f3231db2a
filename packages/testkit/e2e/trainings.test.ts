import Replicate, { type Training } from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';

const TEXT = 'abcabcabcabcabcabcabcabcabcabcabcabcabcabcd';
const KEEP_ALIVE = '5s';
let house: House;
let replicate: Replicate;
let base: string;
let text: string;

beforeAll(async () => {
  house = await startHouse({ runtime: 'process', env: { HEARTH_KEEP_ALIVE: KEEP_ALIVE } });
  replicate = new Replicate({ auth: house.token, baseUrl: `${house.url}/v1` });
  const model = await replicate.models.get('hearth', 'trainer');
  base = model.latest_version?.id ?? '';
  // Training inputs are not walked by the client (contract §4.3): the file is uploaded and its URL given.
  text = (await replicate.files.create(new Blob([TEXT], { type: 'text/plain' }), { name: 'text.txt' })).urls.get;
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

const makeModel = async (name: string): Promise<`${string}/${string}`> => {
  await replicate.models.create('hearth', name, { visibility: 'private', hardware: 'cpu' });
  return `hearth/${name}`;
};
const train = (destination: `${string}/${string}`, input: object = {}) =>
  replicate.trainings.create('hearth', 'trainer', base, { destination, input: { text, order: 2, ...input } });
const ended = (id: string) =>
  eventually(
    `training ${id} to end`,
    async () => {
      const training = await replicate.trainings.get(id);
      return ['succeeded', 'failed', 'canceled'].includes(training.status) && training;
    },
    90_000,
  );
const inProcess = (id: string) =>
  eventually(`training ${id} to run`, async () => (await replicate.trainings.get(id)).status === 'processing');
const versionsOf = async (name: string) => (await replicate.models.versions.list('hearth', name)).results;
const recordsOf = async (id: string) => {
  const { results } = await house.get<{ results: { prediction: string; model: string }[] }>('/v1/usage');
  return results.filter((record) => record.prediction === id);
};
const outputOf = ({ output }: Training) => output as { version: `${string}/${string}:${string}`; weights: string };
const refusalOf = (made: Promise<unknown>): Promise<unknown> =>
  made.then(
    () => 'it was taken',
    (error: unknown) => error,
  );

describe('the official client', () => {
  it('trains a version, which then knows what it was taught', async () => {
    const destination = await makeModel('taught');
    const training = await train(destination);
    expect(training).toMatchObject({ status: 'starting', version: base, model: 'hearth/trainer' });
    const done = await replicate.wait(await replicate.predictions.get(training.id), { interval: 200 });
    expect(done).toMatchObject({ status: 'succeeded', error: null, logs: expect.stringContaining('0%') });
    const { output } = await replicate.trainings.get(training.id);
    expect(output).toEqual({
      version: expect.stringMatching(/^hearth\/taught:[0-9a-f]{64}$/),
      weights: expect.stringMatching(/\/letters\.json$/),
      letters: TEXT.length,
      contexts: 3,
    });

    const { version } = outputOf(done);
    expect((await versionsOf('taught')).map(({ id }) => `${destination}:${id}`)).toEqual([version]);
    const made = await replicate.models.versions.get('hearth', 'taught', version.split(':')[1] ?? '');
    const original = await replicate.models.versions.get('hearth', 'trainer', base);
    expect(made.openapi_schema).toEqual(original.openapi_schema);
    const said = await replicate.run(version, { input: { start: 'ab', length: 300 } });
    expect(said, 'a d ends it, as in the text').toMatch(/^c(abc)*d$/);
    expect(await replicate.run(destination, { input: { start: 'ab', length: 300 } })).toBe(said);
    expect(await refusalOf(replicate.run(`hearth/trainer:${base}`, { input: {} }))).toMatchObject({
      message: expect.stringContaining('knows nothing yet'),
    });
  }, 120_000);

  it('trains on from a version that has weights, and the same weights are the same version', async () => {
    const destination = await makeModel('again');
    const first = outputOf(await ended((await train(destination)).id));
    const second = outputOf(await ended((await train(destination)).id));
    expect(second.version).toBe(first.version);
    expect(await versionsOf('again')).toHaveLength(1);
    const elsewhere = outputOf(await ended((await train(await makeModel('elsewhere'))).id));
    expect(elsewhere.version).not.toContain(first.version.split(':')[1]);
    const further = await replicate.trainings.create('hearth', 'again', first.version.split(':')[1] ?? '', {
      destination,
      input: { text, order: 3 },
    });
    expect(await ended(further.id)).toMatchObject({ status: 'succeeded', model: destination });
    expect(await versionsOf('again')).toHaveLength(2);
  }, 120_000);

  it('sees a training among trainings and as a prediction, but not among predictions', async () => {
    const { id } = await train(await makeModel('seen'));
    await ended(id);
    expect((await replicate.trainings.list()).results.map((training) => training.id)).toContain(id);
    expect((await replicate.predictions.list()).results.map((prediction) => prediction.id)).not.toContain(id);
    const seen = await replicate.predictions.get(id);
    expect(seen).toMatchObject({ id, status: 'succeeded' });
    expect(seen.urls.get).toBe(`${house.url}/v1/predictions/${id}`);
    const other = await replicate.predictions.create({ model: 'hearth/faulty', input: {} });
    expect(await refusalOf(replicate.trainings.get(other.id))).toMatchObject({ response: { status: 404 } });
    expect(await recordsOf(id)).toMatchObject([{ model: 'hearth/trainer' }]);
  }, 120_000);

  it.each(['trainings', 'predictions'] as const)(
    'cancels a running training by %s',
    async (by) => {
      const name = `canceled-${by}`;
      const { id } = await train(await makeModel(name), { seconds: 60 });
      await inProcess(id);
      await replicate[by].cancel(id);
      expect(await ended(id)).toMatchObject({ status: 'canceled', output: null });
      expect(await versionsOf(name)).toEqual([]);
      expect(await recordsOf(id)).toHaveLength(1);
    },
    120_000,
  );

  it('hears why a training cannot be', async () => {
    expect(await refusalOf(train('hearth/nowhere'))).toMatchObject({
      response: { status: 404 },
      message: expect.stringContaining('The specified training destination does not exist'),
    });
    const destination = await makeModel('refused');
    const bad = await house.request('POST', `/v1/models/hearth/trainer/versions/${base}/trainings`, {
      destination,
      input: { text, order: 99, colour: 'red' },
    });
    expect(bad.status).toBe(422);
    const { invalid_fields: fields } = (await bad.json()) as { invalid_fields: { field: string }[] };
    expect(fields.map(({ field }) => field).toSorted()).toEqual(['input.colour', 'input.order']);
    const thumbnail = (await replicate.models.get('hearth', 'thumbnail')).latest_version?.id ?? '';
    expect(
      await refusalOf(replicate.trainings.create('hearth', 'thumbnail', thumbnail, { destination, input: {} })),
    ).toMatchObject({ response: { status: 422 }, message: expect.stringContaining('has no trainer') });
    const failed = await train(destination, { order: 12, text: `data:text/plain;base64,${btoa('short')}` });
    expect(await ended(failed.id)).toMatchObject({
      status: 'failed',
      error: 'the text has 5 letters; it needs more than the order, 12',
    });
    expect(await versionsOf('refused')).toEqual([]);
  }, 120_000);
});

it('a dispatcher killed in the middle of a training: it ends once, with one version and one bill', async () => {
  const { id } = await train(await makeModel('killed'), { seconds: 4 });
  // The input is the container's by then: a file that is on its way when the dispatcher dies does not arrive.
  await eventually('the training to report', async () => (await replicate.trainings.get(id)).logs?.includes('10%'));
  await house.kill9('dispatcher');
  const training = await ended(id);
  expect(training).toMatchObject({ status: 'succeeded', error: null });
  expect((await versionsOf('killed')).map((version) => `hearth/killed:${version.id}`)).toEqual([
    outputOf(training).version,
  ]);
  expect(await recordsOf(id)).toHaveLength(1);
}, 120_000);

it('what trains is gone soon after, and is no deployment of anybody', async () => {
  const { id } = await train(await makeModel('brief'));
  await ended(id);
  await eventually('the trainer to go', async () => {
    const { results } = await house.get<{ results: { model: string }[] }>('/v1/instances');
    return results.every(({ model }) => model !== 'hearth/trainer');
  });
  expect((await replicate.deployments.list()).results).toEqual([]);
}, 60_000);
