import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';

interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly metrics?: { readonly cost: number };
  readonly waiting?: {
    readonly position: number;
    readonly phase: string | null;
    readonly progress: { readonly elapsed_seconds: number; readonly usual_seconds: number | null } | null;
    readonly eta_seconds: number | null;
  };
}
interface UsageRecord {
  readonly prediction: string;
  readonly cost_micros: number;
}

let house: House;
beforeAll(async () => {
  house = await startHouse({ runtime: 'process' });
  // Anything but free, so that a cost shows.
  const cpu = { sku: 'cpu', name: 'CPU', gpus: 0, vram_mib: 0, cpus: 1, memory_mib: 512 };
  const priced = await house.request('POST', '/v1/hardware', { ...cpu, price_micros_per_second: 123_457 });
  expect(priced.status, await priced.text()).toBe(200);
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

const PATH = '/v1/models/hearth/stream/predictions';
async function create(input: object, headers: Record<string, string> = {}, path = PATH): Promise<Prediction> {
  const response = await house.request('POST', path, { input }, headers);
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return JSON.parse(text) as Prediction;
}
const get = (id: string) => house.get<Prediction>(`/v1/predictions/${id}`);
const ended = (id: string) =>
  eventually(`the end of ${id}`, async () => {
    const prediction = await get(id);
    return prediction.status !== 'starting' && prediction.status !== 'processing' && prediction;
  });

it('two hundred POSTs of the same Idempotency-Key at once make one prediction', async () => {
  const headers = { 'idempotency-key': 'two-hundred', prefer: 'wait=50' };
  const answers = await Promise.all(Array.from({ length: 200 }, () => create({ text: 'once' }, headers)));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['succeeded']));
  expect((await house.get<{ results: unknown[] }>('/v1/predictions')).results).toHaveLength(1);
  const { results } = await house.get<{ results: UsageRecord[] }>('/v1/usage');
  expect(results.map(({ prediction }) => prediction)).toEqual([answers[0]?.id]);
});

it('what a prediction says that it cost is what is billed', async () => {
  const { id } = await create({ text: 'a b c', rate: 20 });
  const { metrics } = await ended(id);
  const { results } = await house.get<{ results: UsageRecord[] }>('/v1/usage');
  const billedMicros = results.find(({ prediction }) => prediction === id)?.cost_micros ?? 0;
  expect(billedMicros).toBeGreaterThan(0);
  expect(metrics?.cost).toBe(billedMicros / 1_000_000);
});

it('those who wait are told how many are ahead', async () => {
  const { latest_version } = await house.get<{ latest_version: { id: string } }>('/v1/models/hearth/faulty');
  // One at a time, on one instance.
  const one = { name: 'line', model: 'hearth/faulty', version: latest_version.id, hardware: 'cpu' };
  const made = await house.request('POST', '/v1/deployments', { ...one, min_instances: 0, max_instances: 1 });
  const { owner } = JSON.parse(await made.text()) as { owner: string };
  const line = `/v1/deployments/${owner}/line/predictions`;
  const first = await create({ seconds: 100 }, {}, line);
  await eventually('the first to run', async () => (await get(first.id)).status === 'processing');
  const second = await create({ text: 'hi' }, {}, line);
  const third = await create({ text: 'hi' }, {}, line);
  const told = await eventually('the third to see its place', async () => {
    const { waiting } = await get(third.id);
    return waiting?.position === 1 && waiting;
  });
  expect(told).toMatchObject({ phase: null, progress: null });
  await house.request('POST', `/v1/predictions/${first.id}/cancel`);
  for (const { id } of [second, third]) expect(await ended(id)).toMatchObject({ status: 'succeeded' });
});
