/** The life of predictions and instances on model servers of each generation of Cog, from the outside. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';

interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
  readonly urls: { readonly stream?: string };
}

const MODELS = join(import.meta.dirname, '../../../docker/models');
let house: House;

beforeAll(async () => {
  house = await startHouse({
    runtime: 'process',
    env: { HEARTH_KEEP_ALIVE: '2s', HEARTH_MAX_INSTANCES: '1', HEARTH_CANCEL_GRACE: '2s' },
  });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

const create = async (model: string, input: unknown): Promise<Prediction> => {
  const response = await house.request('POST', `/v1/models/${model}/predictions`, { input });
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as Prediction;
};
const inStatus = ({ id }: Prediction, ...statuses: string[]) =>
  eventually(
    `prediction ${id} to be ${statuses.join(' or ')}`,
    async () => {
      const prediction = await house.get<Prediction>(`/v1/predictions/${id}`);
      return statuses.includes(prediction.status) && prediction;
    },
    60_000,
  );
const ended = (prediction: Prediction) => inStatus(prediction, 'succeeded', 'failed', 'canceled');
const run = async (model: string, input: unknown) => ended(await create(model, input));
const recordsOf = async ({ id }: Prediction) => {
  const { results } = await house.get<{ results: { prediction: string }[] }>('/v1/usage');
  return results.filter((record) => record.prediction === id);
};

describe.each(['A', 'B', 'coglet'])('on %s', (generation) => {
  const own = (model: string) => `hearth/${model}-${generation.toLowerCase()}`;
  const add = async (model: string, name: string, ...env: string[]): Promise<void> => {
    const given = [`HEARTH_COG_GENERATION=${generation}`, ...env].flatMap((pair) => ['--env', pair]);
    const added = await house.hearth('models', 'add', join(MODELS, model), name, ...given);
    expect(added, added.stdout + added.stderr).toMatchObject({ code: 0 });
  };
  beforeAll(async () => {
    for (const model of ['faulty', 'stream', 'thumbnail']) await add(model, own(model));
  }, 120_000);

  it('a prediction succeeds, is billed once, and its exception is told with where it came from', async () => {
    const succeeded = await run(own('faulty'), { text: generation, log_lines: 2 });
    expect(succeeded).toMatchObject({ status: 'succeeded', output: `hello ${generation}`, logs: 'line 1\nline 2\n' });
    expect(await recordsOf(succeeded)).toHaveLength(1);
    const failed = await run(own('faulty'), { mode: 'fail' });
    expect(failed).toMatchObject({ status: 'failed', error: 'model failed on purpose' });
    expect(failed.logs).toMatch(/at /);
  });

  it('a text is streamed as it is yielded', async () => {
    const words = ['one ', 'two ', 'three ', 'four'];
    const prediction = await create(own('stream'), { text: words.join(''), rate: 10 });
    const events = await (await fetch(prediction.urls.stream ?? '')).text();
    const ofKind = (kind: string) =>
      events.split('\n\n').filter((event) => event.split('\n').includes(`event: ${kind}`));
    expect(ofKind('output').map((event) => /^data: (.*)$/m.exec(event)?.[1])).toEqual(words);
    expect(ofKind('done')).toHaveLength(1);
    expect(await ended(prediction)).toMatchObject({ status: 'succeeded', output: words });
  });

  it('a picture goes in and a smaller one comes out, for anybody to read', async () => {
    const page = await readFile(join(MODELS, 'ocr/example/page.png'));
    const image = `data:image/png;base64,${page.toString('base64')}`;
    const { status, output } = await run(own('thumbnail'), { image, width: 32 });
    expect(status).toBe('succeeded');
    const picture = await fetch(String(output));
    expect(picture.headers.get('content-type')).toBe('image/png');
    expect((await picture.arrayBuffer()).byteLength).toBeGreaterThan(0);
  });

  it('a cancel is obeyed, or the instance is replaced', async () => {
    const slow = await create(own('faulty'), { seconds: 60 });
    await inStatus(slow, 'processing');
    await house.request('POST', `/v1/predictions/${slow.id}/cancel`);
    expect(await ended(slow)).toMatchObject({ status: 'canceled' });
    const deaf = await create(own('faulty'), { mode: 'hang' });
    await inStatus(deaf, 'processing');
    await house.request('POST', `/v1/predictions/${deaf.id}/cancel`);
    expect(await ended(deaf)).toMatchObject({ status: 'canceled' });
    expect(await run(own('faulty'), { text: 'next' })).toMatchObject({ status: 'succeeded' });
  });

  it('a crash fails what ran, and the next is served by another instance', async () => {
    const crashed = await run(own('faulty'), { mode: 'crash', seconds: 0.2 });
    expect(crashed).toMatchObject({ status: 'failed' });
    expect(crashed.error).toMatch(/crash|exit/i);
    expect(await run(own('faulty'), { text: 'next' })).toMatchObject({ status: 'succeeded' });
  });

  it('a dispatcher that is killed in the middle finds its run again', async () => {
    const prediction = await create(own('faulty'), { seconds: 3, text: 'kept' });
    await inStatus(prediction, 'processing');
    await house.kill9('dispatcher');
    expect(await ended(prediction)).toMatchObject({ status: 'succeeded', output: 'hello kept' });
    expect(await recordsOf(prediction)).toHaveLength(1);
  });

  it('a setup that fails says why', async () => {
    const name = own('bad-setup');
    await add('faulty', name, 'FAULTY_SETUP=fail', 'FAULTY_SETUP_LOG_LINES=2');
    const { status, error, logs } = await run(name, {});
    expect(status).toBe('failed');
    expect(error).toMatch(/^Its setup failed/);
    expect(`${error}\n${logs}`).toMatch(/setup failed on purpose/);
    expect(logs).toMatch(/setup line 2/);
  });

  it('and every instance ends', async () => {
    await eventually('no instance to be left', async () => {
      const { results } = await house.get<{ results: unknown[] }>('/v1/instances');
      return results.length === 0;
    });
  });
});
