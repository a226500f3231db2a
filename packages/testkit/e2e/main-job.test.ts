import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WireExplanation } from '@hearth/contract';
import Replicate from 'replicate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';

interface StatusItem {
  readonly deployment: string;
  readonly temperature: 'cold' | 'booting' | 'warm' | 'busy';
  readonly instances: Readonly<Record<string, number>>;
  readonly queue: { readonly waiting: number; readonly in_flight: number };
}
interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
  readonly logs: string;
  readonly metrics?: { readonly predict_time: number; readonly total_time: number };
}
interface Instance {
  readonly id: string;
  readonly state: string;
}

const PAGE = join(import.meta.dirname, '../../../docker/models/ocr/example/page.png');
let house: House;
let replicate: Replicate;

beforeAll(async () => {
  // As on a newcomer's machine that has no engine: it is looked for, and never found.
  const env = { HEARTH_KEEP_ALIVE: '2s', DOCKER_HOST: 'unix:///nonexistent/docker.sock' };
  house = await startHouse({ runtime: 'auto', env });
  replicate = new Replicate({ auth: house.token, baseUrl: `${house.url}/v1` });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

const statusOf = async (name: string): Promise<StatusItem> => {
  const { deployments } = await house.get<{ deployments: StatusItem[] }>('/v1/status');
  const item = deployments.find(({ deployment }) => deployment === name);
  if (item === undefined) throw new Error(`${name} is not in /v1/status`);
  return item;
};
const turns = (name: string, temperature: StatusItem['temperature']) =>
  eventually(`${name} to be ${temperature}`, async () => (await statusOf(name)).temperature === temperature);
const create = async (model: string, input: unknown, headers: Record<string, string> = {}): Promise<Prediction> => {
  const response = await house.request('POST', `/v1/models/${model}/predictions`, { input }, headers);
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as Prediction;
};
const ended = (id: string, timeoutMs = 30_000) =>
  eventually(
    `prediction ${id} to end`,
    async () => {
      const prediction = await house.get<Prediction>(`/v1/predictions/${id}`);
      return prediction.status !== 'starting' && prediction.status !== 'processing' && prediction;
    },
    timeoutMs,
  );
const usageOf = async (id: string) => {
  const { results } = await house.get<{
    results: { prediction: string; predict_microseconds: number; cost_micros: number }[];
  }>('/v1/usage');
  return results.filter((record) => record.prediction === id);
};

describe('the main job', () => {
  it('reads a page with the official client, from a Buffer', async () => {
    const output = await replicate.run('hearth/ocr', { input: { image: await readFile(PAGE) } });
    expect(output).toEqual(expect.stringContaining('Hello from Hearth'));
  });

  it('goes cold → booting → warm → cold, and a second call while warm boots nothing', async () => {
    await turns('hearth/stream', 'cold');
    const seen = new Set<string>();
    const first = create('hearth/stream', { text: 'one two three', rate: 20 });
    await eventually('hearth/stream to be warm', async () => {
      const { temperature } = await statusOf('hearth/stream');
      seen.add(temperature);
      return temperature === 'warm' || temperature === 'busy';
    });
    expect((await ended((await first).id)).status).toBe('succeeded');
    const instances = async () =>
      (await house.get<{ results: Instance[] }>('/v1/instances?all=true&deployment=hearth/stream')).results.length;
    const before = await instances();
    expect((await ended((await create('hearth/stream', { text: 'again', rate: 100 })).id)).output).toEqual(['again']);
    expect(await instances()).toBe(before);
    await turns('hearth/stream', 'cold');
    expect([...seen]).toContain('booting');
  });

  it('ten calls at once on a deployment of three bring up more than one instance, and go back to zero', async () => {
    const { latest_version: version } = await house.get<{ latest_version: { id: string } }>('/v1/models/hearth/faulty');
    const made = await house.request('POST', '/v1/deployments', {
      name: 'three',
      model: 'hearth/faulty',
      version: version.id,
      hardware: 'cpu',
      min_instances: 0,
      max_instances: 3,
      keep_alive: '1s',
    });
    expect(made.status, await made.clone().text()).toBe(200);
    const responses = await Promise.all(
      Array.from({ length: 10 }, () =>
        house.request('POST', '/v1/deployments/hearth/three/predictions', { input: { seconds: 0.5 } }),
      ),
    );
    const predictions = await Promise.all(responses.map((response) => response.json() as Promise<Prediction>));
    let most = 0;
    const watch = eventually('hearth/three to have run all', async () => {
      const { instances, queue } = await statusOf('hearth/three');
      most = Math.max(most, instances.ready ?? 0);
      return queue.waiting + queue.in_flight === 0;
    });
    const ends = await Promise.all(predictions.map(({ id }) => ended(id)));
    await watch;
    expect(ends.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'succeeded'));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(3);
    await turns('hearth/three', 'cold');
    const explained = () => house.get<WireExplanation>('/v1/deployments/hearth/three/explain');
    const atRest = await eventually('hearth/three to be at rest', async () => {
      const said = await explained();
      return said.instances.length === 0 && said;
    });
    expect(atRest).toMatchObject({ temperature: 'cold', needed: 0, next: [], blocked: null });
    await house.request('POST', '/v1/deployments/hearth/three/predictions', { input: { seconds: 0.5 } });
    const warm = await eventually('hearth/three to be explained while it is warm', async () => {
      const said = await explained();
      return said.instances.some(({ state }) => state === 'ready') && said;
    });
    expect(warm.measured.run_seconds?.count).toBeGreaterThanOrEqual(10);
    expect(warm.instances.map(({ why }) => why)).toEqual(warm.instances.map(() => expect.stringMatching(/\.$/)));
    expect((await house.hearth('explain', 'hearth/three')).stdout).toContain('hearth/three is ');
    await turns('hearth/three', 'cold');
  });

  it('bills run time and nothing else: the records equal the predict times', async () => {
    const before = await house.get<{ results: { key: string; predict_microseconds: number }[] }>('/v1/usage?by=model');
    const sum = (totals: typeof before) =>
      totals.results.find(({ key }) => key === 'hearth/faulty')?.predict_microseconds ?? 0;
    const prediction = await ended((await create('hearth/faulty', { seconds: 0.4 })).id);
    const after = await house.get<typeof before>('/v1/usage?by=model');
    const billed = sum(after) - sum(before);
    expect(billed).toBe(Math.round((prediction.metrics?.predict_time ?? 0) * 1e6));
    expect(billed).toBeGreaterThanOrEqual(400_000);
    expect(billed).toBeLessThan(900_000);
    await turns('hearth/faulty', 'cold');
    expect(sum(await house.get<typeof before>('/v1/usage?by=model'))).toBe(sum(after));
  });

  it('makes a thumbnail whose URL anybody can read', async () => {
    const input = { image: await readFile(PAGE), width: 64, format: 'webp' };
    // Over plain http the client hands out strings, not file objects.
    const output: unknown = await replicate.run('hearth/thumbnail', { input });
    if (typeof output !== 'string') throw new TypeError(`the output is ${JSON.stringify(output)}, not a URL`);
    const response = await fetch(output);
    expect(response.headers.get('content-type')).toBe('image/webp');
    expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(50);
  });
});

describe('a model whose server nobody here wrote', () => {
  const model = 'hearth/foreign';

  it('is added from a folder and a command', async () => {
    const folder = join(import.meta.dirname, 'foreign-model');
    const added = await house.hearth('models', 'add', folder, model, '--command', 'node server.mjs');
    expect(added, added.stderr).toMatchObject({ code: 0 });
  });
  it('runs and streams', async () => {
    const prediction = await replicate.predictions.create({
      model,
      input: { words: 'to and fro', pause_seconds: 0.1 },
    });
    const chunks: string[] = [];
    for await (const { event, data } of replicate.stream(model, { input: { words: 'a b c', pause_seconds: 0.05 } })) {
      if (event === 'output') chunks.push(data);
    }
    expect(chunks.join('')).toBe('a b c ');
    expect((await ended(prediction.id)).output).toEqual(['to ', 'and ', 'fro ']);
  });
  it('fails with its own words', async () => {
    const prediction = await ended((await create(model, { words: 'x', mode: 'fail' })).id);
    expect(prediction).toMatchObject({ status: 'failed', error: 'asked to fail' });
    expect(prediction.logs).toContain('predicting x');
  });
  it('is canceled', async () => {
    const { id } = await create(model, { words: 'a b c', pause_seconds: 20 });
    await eventually(
      'it to run',
      async () => (await house.get<Prediction>(`/v1/predictions/${id}`)).status === 'processing',
    );
    await replicate.predictions.cancel(id);
    expect((await ended(id)).status).toBe('canceled');
    expect(await usageOf(id)).toHaveLength(1);
  });
  it('refuses input its schema does not allow', async () => {
    const response = await house.request('POST', `/v1/models/${model}/predictions`, {
      input: { words: 'x', mode: 'zzz', more: 1 },
    });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ title: 'Input validation failed' });
  });
});
