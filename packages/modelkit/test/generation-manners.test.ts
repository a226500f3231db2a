/** What this server does when it plays one of Cog's own: reports, files, health, context. */
import { describe, expect, it } from 'vitest';
import { defineModel, field, output } from '../src/index.ts';
import { ASYNC, ask } from './client.ts';
import { bodyOf, GENERATIONS, type Generation, healthOf as health, keysOf, stageForEach } from './play.ts';
import { hasEnded, type Received } from './receiver.ts';
import { Gate, helloModel, imageModel, llmModel } from './recorded-models.ts';

const { playReady, hook, receiver, listen } = stageForEach();

describe('reports', () => {
  const COMMON = ['id', 'logs', 'metrics', 'status'];
  const full = (...more: string[]) =>
    ['created_at', 'id', 'input', 'logs', 'output', 'started_at', 'status', ...more].toSorted();
  const echoed = (...more: string[]) => full('output_file_prefix', 'webhook', 'webhook_events_filter', ...more);

  it.each([
    ['A', echoed(), echoed('completed_at', 'metrics')],
    ['B', full(), full('completed_at', 'metrics')],
    ['coglet', COMMON, [...COMMON, 'output'].toSorted()],
  ] as const)('of %s: what the first and the last hold', async (generation, first, last) => {
    const gate = new Gate();
    const ready = await playReady(generation, helloModel(gate));
    await ask(ready, 'PUT /predictions/p', { input: { text: 'A', seconds: 1 }, webhook: hook() }, ASYNC);
    expect(keysOf(bodyOf(await receiver().first((sent) => !hasEnded(sent))))).toEqual(first);
    gate.open();
    expect(keysOf(bodyOf(await receiver().first(hasEnded)))).toEqual(last);
  });

  it.each([
    ['A', undefined],
    ['B', undefined],
    ['coglet', { predict_time: 'SECONDS' }],
  ] as const)('of %s: metrics of what failed', async (generation, metrics) => {
    const ready = await playReady(generation, helloModel());
    await ask(ready, 'PUT /predictions/p', { input: { text: 'A', mode: 'fail' }, webhook: hook() }, ASYNC);
    const failed = bodyOf(await receiver().first(hasEnded)) as Record<string, unknown>;
    expect(failed).toMatchObject({ status: 'failed', error: 'model failed on purpose' });
    expect(failed.metrics).toEqual(metrics);
  });

  it.each(GENERATIONS)('of %s hold all pieces so far, each time', async (generation) => {
    const ready = await playReady(generation, llmModel(), { env: { COG_THROTTLE_RESPONSE_INTERVAL: '0' } });
    await ask(ready, 'PUT /predictions/p', { input: { prompt: 'a b', max_tokens: 3 }, webhook: hook() }, ASYNC);
    expect(bodyOf(await receiver().first(hasEnded))).toMatchObject({ output: ['a ', 'b ', 'a '] });
  });

  it.each([
    ['A', 2],
    ['B', 2],
    ['coglet', 7],
  ] as const)('of %s: how many there are of 5 pieces within one interval', async (generation, reports) => {
    const ready = await playReady(generation, llmModel(), { env: { COG_THROTTLE_RESPONSE_INTERVAL: '60' } });
    const request = { input: { prompt: 'a', max_tokens: 5 }, webhook: hook() };
    await ask(
      ready,
      'PUT /predictions/p',
      { ...request, webhook_events_filter: ['start', 'output', 'completed'] },
      ASYNC,
    );
    await receiver().first(hasEnded);
    await expect.poll(() => receiver().received.length).toBe(reports);
  });

  it.each([
    ['A', false],
    ['B', false],
    ['coglet', true],
  ] as const)('of %s: whether the start is told below 0.1 s', async (generation, told) => {
    const gate = new Gate();
    const ready = await playReady(generation, helloModel(gate), { env: { COG_THROTTLE_RESPONSE_INTERVAL: '0.05' } });
    const request = { input: { text: 'A' }, webhook: hook(), webhook_events_filter: ['start', 'completed'] };
    await ask(ready, 'PUT /predictions/p', request, ASYNC);
    await receiver().first(hasEnded);
    await expect.poll(() => receiver().received.some((sent) => !hasEnded(sent))).toBe(told);
  });
});

describe('output files', () => {
  const location = 'https://files.example.test/1/out.png';
  const isUpload = (sent: Received) => sent.method === 'PUT';
  const playWithUploads = async (generation: Generation, status: number) => {
    await listen((sent) => (isUpload(sent) ? { status, headers: { location } } : { status: 200 }));
    return playReady(generation, imageModel, { flags: ['--upload-url', `${receiver().url}/up`] });
  };

  it.each([
    ['A', 'p'],
    ['B', 'p'],
    ['coglet', undefined],
  ] as const)('%s: whether an upload names its prediction', async (generation, id) => {
    const ready = await playWithUploads(generation, 201);
    await ask(ready, 'PUT /predictions/p', { input: {}, webhook: hook() }, ASYNC);
    expect(bodyOf(await receiver().first(hasEnded))).toMatchObject({ output: location });
    expect((await receiver().first(isUpload)).headers['x-prediction-id']).toBe(id);
  });

  it.each([
    ['A', 'failed'],
    ['B', 'failed'],
    ['coglet', 'succeeded'],
  ] as const)('%s: a prediction whose upload was refused %s', async (generation, status) => {
    const ready = await playWithUploads(generation, 403);
    await ask(ready, 'PUT /predictions/p', { input: {}, webhook: hook() }, ASYNC);
    expect(bodyOf(await receiver().first(hasEnded))).toMatchObject({ status });
  });

  it.each([
    ['A', /^\/.*out\.png$/],
    ['B', /^\/.*out\.png$/],
    ['coglet', /^data:image\/png;base64,/],
  ] as const)('%s: where no upload URL was given', async (generation, shown) => {
    const ready = await playReady(generation, imageModel);
    await ask(ready, 'PUT /predictions/p', { input: {}, webhook: hook() }, ASYNC);
    expect(bodyOf(await receiver().first(hasEnded))).toMatchObject({ output: expect.stringMatching(shown) });
  });

  it.each(['A', 'B'] as const)('%s: output_file_prefix of a sync prediction', async (generation) => {
    const ready = await playReady(generation, imageModel);
    const prefix = `${receiver().url}/pre/`;
    const answer = await ask(ready, 'POST /predictions', { input: {}, output_file_prefix: prefix });
    expect(answer.body).toMatchObject({ output: `${prefix}out.png` });
    const { path, headers, text } = await receiver().first(isUpload);
    expect(path).toBe('/pre/out.png');
    expect(headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(text).toContain('name="file"; filename="out.png"');
  });
});

describe("a model's own health check, and the context", () => {
  const checked = (healthcheck: () => boolean) =>
    defineModel({
      input: { text: field.string({ default: '' }) },
      output: output.any(),
      healthcheck,
      predict: ({ context }) => context,
    });

  it.each([
    ['A', { status: 'READY' }],
    [
      'B',
      { status: 'UNHEALTHY', user_healthcheck_error: 'Healthcheck failed: user-defined healthcheck returned False' },
    ],
    ['coglet', { status: 'UNHEALTHY' }],
  ] as const)('%s: a check that says no', async (generation, answer) => {
    expect(
      await health(
        await playReady(
          generation,
          checked(() => false),
        ),
      ),
    ).toMatchObject(answer);
  });

  it('a check that throws, and one that says yes', async () => {
    let failing = true;
    const model = checked(() => {
      if (failing) throw new Error('no GPU');
      return true;
    });
    const ready = await playReady('B', model);
    expect(await health(ready)).toMatchObject({ user_healthcheck_error: 'Healthcheck failed: no GPU' });
    failing = false;
    expect(await health(ready)).toMatchObject({ status: 'READY' });
  });

  it.each([
    ['A', { id: 'p' }],
    ['B', { id: 'p', k: 'v' }],
    ['coglet', { id: 'p', k: 'v' }],
  ] as const)('%s: what a model is told of the context', async (generation, context) => {
    const ready = await playReady(
      generation,
      checked(() => true),
    );
    const answer = await ask(ready, 'PUT /predictions/p', { input: {}, context: { k: 'v' } });
    expect(answer.body).toMatchObject({ output: context });
  });
});
