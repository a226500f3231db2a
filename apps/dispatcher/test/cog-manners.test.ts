/** What only some of Cog's servers do, and what comes of it. */
import { rename, writeFile } from 'node:fs/promises';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { GENERATIONS, type Generation } from './generations.ts';
import { createWorld, eventually, type Stage, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const open = async (generation: Generation, output?: object): Promise<void> => {
  world = await createWorld('postgres', output, generation);
};
const seen = async () => (await world.store.instances.observe()).instances[0];

describe.each(GENERATIONS)('%s', (generation) => {
  it.each(['notReady', 'full'] as const)(
    'that answers as it does when it is %s: back to the queue, no failure',
    async (word) => {
      await open(generation);
      await world.dispatch({ restMs: 60_000 });
      const first = await world.stage();
      first.model.onStart = () => first.model.speech[word];
      const id = await world.predict();
      await first.model.next();
      await eventually(async () => expect(await world.get(id)).toMatchObject({ status: 'starting', lostAttempts: 0 }));
      const second = await world.stage();
      await (await second.model.next()).report({ status: 'succeeded' });
      expect(await world.get(id)).toMatchObject({ status: 'succeeded', lostAttempts: 0 });
    },
  );

  it('whose worker died is retired, and a run that it says nothing of fails', async () => {
    await open(generation);
    await world.dispatch({ probeMs: 20 });
    const { model } = await world.stage();
    model.die();
    const id = await world.predict();
    await model.next();
    const error = "The model's process died while it ran (its server reports DEFUNCT).";
    expect(await world.ended(id)).toMatchObject({ status: 'failed', error });
    await eventually(async () => expect(await seen()).toMatchObject({ unhealthy: 'its server reports DEFUNCT' }));
  });

  it('that is busy with nothing of ours for long is retired', async () => {
    await open(generation);
    await world.dispatch({ probeMs: 20, idleProbeMs: 20, strayBusyMs: 100, restMs: 20 });
    const { model } = await world.stage();
    model.health = 'BUSY';
    model.onStart = () => model.speech.full;
    await world.predict();
    await eventually(async () =>
      expect(await seen()).toMatchObject({ unhealthy: 'its server is busy, though nothing of ours runs on it' }),
    );
  });

  it('that is busy with what it was sent is left alone', async () => {
    await open(generation);
    await world.dispatch({ probeMs: 20, idleProbeMs: 20, strayBusyMs: 50 });
    const { model } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    model.health = 'BUSY';
    const { asked } = model;
    await eventually(() => expect(model.asked).toBeGreaterThan(asked + 8));
    expect(await seen()).toMatchObject({ unhealthy: null });
    await call.report({ status: 'succeeded' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded' });
  });
});

describe('a worker that died', () => {
  const died = 'Prediction failed for an unknown reason. It might have run out of memory? (exitcode 137)';

  it.each([
    ['A', died],
    ['B', died],
    ['coglet', 'Worker crashed'],
  ] as const)(
    'is known by what %s says of the prediction, however healthy it calls itself',
    async (generation, error) => {
      await open(generation);
      await world.dispatch();
      const first = await world.stage();
      const id = await world.predict();
      await (await first.model.next()).report({ status: 'failed', error });
      expect(await world.get(id)).toMatchObject({ status: 'failed', error });
      const next = await world.predict();
      const second = await world.stage();
      expect((await second.model.next()).id).toContain(next);
      expect(first.model.calls).toHaveLength(1);
    },
  );

  it.each([
    ['A', 'Invalid operation: state is WorkerState.PROCESSING (must be WorkerState.READY)'],
    ['coglet', 'Failed to send request: Broken pipe (os error 32)'],
  ] as const)('is no failure of what %s takes after it: that goes elsewhere', async (generation, error) => {
    await open(generation);
    await world.dispatch();
    const first = await world.stage();
    const id = await world.predict();
    await (await first.model.next()).report({ status: 'failed', error });
    const second = await world.stage();
    await (await second.model.next()).report({ status: 'succeeded' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2 });
    expect(first.model.calls).toHaveLength(1);
  });
});

describe('an output file that could not be handed over', () => {
  const at = (id: string) => `http://172.17.0.1:7601/uploads/${id}/a-token/out.png`;
  const path = (id: string) =>
    `/uploads/${id}/a-token/out.png (Caused by ResponseError('too many 503 error responses'))`;

  it.each([
    [
      'A',
      (id: string) => `HTTPConnectionPool(host='172.17.0.1', port=7601): Max retries exceeded with url: ${path(id)}`,
    ],
    ['B', (id: string) => `500 Server Error: Internal Server Error for url: ${at(id)}`],
    ['B', (id: string) => `could not upload output file 'out.png' to ${at(id)}: socket hang up`],
  ] as const)('because the platform was away fails nothing on %s: it is tried again', async (generation, errorAt) => {
    await open(generation);
    await world.dispatch({ restMs: 10 });
    const { model, instance } = await world.stage();
    const id = await world.predict();
    await (await model.next()).report({ status: 'failed', error: errorAt(instance.id) });
    await (await model.next()).report({ status: 'succeeded' });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', attempt: 2, lostAttempts: 1 });
  });

  it.each([
    ['was refused', (id: string) => `413 Client Error: Payload Too Large for url: ${at(id)}`],
    ["was to go to the model's own place", () => `503 Server Error: Service Unavailable for url: ${at('bucket')}`],
  ] as const)('because it %s fails it', async (_, errorAt) => {
    await open('B');
    await world.dispatch();
    const { model, instance } = await world.stage();
    const id = await world.predict();
    await (await model.next()).report({ status: 'failed', error: errorAt(instance.id) });
    expect(await world.get(id)).toMatchObject({ status: 'failed', attempt: 1 });
  });
});

describe('the context of a prediction', () => {
  it.each([
    ['A', undefined],
    ['B', { prediction_id: expect.any(String), model: 'ada/echo', attempt: '1' }],
    ['coglet', { prediction_id: expect.any(String), model: 'ada/echo', attempt: '1' }],
  ] as const)('is sent to %s as it can be taken', async (generation, context) => {
    await open(generation);
    await world.dispatch();
    const { model } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    expect(call.sent).toEqual(expect.objectContaining({ id: `${id}-1` }));
    expect('context' in call.sent ? call.sent.context : undefined).toEqual(context);
    await call.report({ status: 'succeeded' });
  });
});

describe('an output that comes whole', () => {
  it('is not shown in the form in which coglet collects it', async () => {
    await open('coglet', { type: 'string', format: 'uri' });
    await world.dispatch({ progressMs: 10 });
    const { model } = await world.stage();
    const id = await world.predict();
    const call = await model.next();
    await call.report({ status: 'processing', output: ['https://example.test/out.png'], logs: 'made it\n' });
    await eventually(async () => expect(await world.get(id)).toMatchObject({ logs: 'made it\n', output: null }));
    await call.report({ status: 'succeeded', output: 'https://example.test/out.png' });
    expect(await world.get(id)).toMatchObject({ output: 'https://example.test/out.png' });
  });
});

describe('uploads', () => {
  const put = async (callbackUrl: string, { instance, token }: Stage, name: string, body = 'content') => {
    const url = `${callbackUrl}/uploads/${instance.id}/${token}/${name}`;
    const response = await request(url, { method: 'PUT', body });
    await response.body.dump();
    return { status: response.statusCode, url, location: String(response.headers.location) };
  };

  it('of Cog before 0.9.9, which reports the address that it sent a file to', async () => {
    await open('A');
    const { callbackUrl } = await world.dispatch();
    const stage = await world.stage();
    const id = await world.predict();
    const call = await stage.model.next();
    const files = [await put(callbackUrl, stage, 'out.txt', 'one'), await put(callbackUrl, stage, 'out.txt', 'two')];
    const other = await put(callbackUrl, stage, '%C3%BC%20b.txt');
    const never = `${callbackUrl}/uploads/${stage.instance.id}/${stage.token}/never.txt`;
    await call.report({ status: 'processing', output: [files[0]?.url] });
    await call.report({
      status: 'failed',
      error: 'then',
      output: [...files.map(({ url }) => url), { deep: other.url }, never],
    });
    const row = await world.get(id);
    expect(row.output).toEqual([...files.map(({ location }) => location), { deep: other.location }, null]);
    expect(JSON.stringify(row)).not.toContain(stage.token);
  });

  it('that coglet could not make, and says nothing of, fail the prediction', async () => {
    await open('coglet');
    const { callbackUrl } = await world.dispatch();
    const stage = await world.stage();
    const id = await world.predict();
    const call = await stage.model.next();
    // Where the blobs were is a file now: nothing can be written there.
    await rename(world.blobsFolder, `${world.blobsFolder}.away`);
    await writeFile(world.blobsFolder, '');
    expect((await put(callbackUrl, stage, 'out.png')).status).toBe(503);
    await call.report({ status: 'succeeded', output: null });
    const row = await world.get(id);
    expect(row).toMatchObject({ status: 'failed' });
    expect(row.error).toMatch(/^Its output file out\.png could not be stored: ENOTDIR/);
  });

  it('wait for a store that is away for a moment', async () => {
    await open('coglet');
    const { callbackUrl } = await world.dispatch();
    const stage = await world.stage();
    const id = await world.predict();
    const call = await stage.model.next();
    const broken = await world.breakWrites('insert on files');
    const uploading = put(callbackUrl, stage, 'out.png');
    await broken.refused();
    await broken.mend();
    const { status, location } = await uploading;
    expect(status).toBe(201);
    await call.report({ status: 'succeeded', output: location });
    expect(await world.get(id)).toMatchObject({ status: 'succeeded', output: location });
  });
});

describe('an input', () => {
  it('that is null on purpose stays null', async () => {
    await open('coglet');
    await world.dispatch();
    const { model } = await world.stage();
    await world.predict({ text: 'hi', nothing: null });
    const call = await model.next();
    expect(call.input).toEqual({ text: 'hi', nothing: null });
    await call.report({ status: 'succeeded' });
  });
});
