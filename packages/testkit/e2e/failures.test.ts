import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type House, startHouse } from '../src/house.ts';

interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly error: string | null;
  readonly logs: string;
}

const FAULTY = join(import.meta.dirname, '../../../docker/models/faulty');
let house: House;

beforeAll(async () => {
  house = await startHouse({ runtime: 'process', env: { HEARTH_KEEP_ALIVE: '2s' } });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

const failed = async (model: string, input: unknown): Promise<Prediction> => {
  const response = await house.request('POST', `/v1/models/${model}/predictions`, { input });
  expect(response.status, await response.clone().text()).toBe(201);
  const { id } = (await response.json()) as Prediction;
  return eventually(`prediction ${id} of ${model} to end`, async () => {
    const prediction = await house.get<Prediction>(`/v1/predictions/${id}`);
    return prediction.status !== 'starting' && prediction.status !== 'processing' && prediction;
  });
};
const liveInstances = async () => (await house.get<{ results: { state: string }[] }>('/v1/instances')).results.length;

describe('what goes wrong is said, in time, and leaves nothing behind', () => {
  it('a failing setup', async () => {
    const added = await house.hearth('models', 'add', FAULTY, 'hearth/bad-setup', '--env', 'FAULTY_SETUP=fail');
    expect(added, added.stderr).toMatchObject({ code: 0 });
    for (let n = 0; n < 4; n++) {
      const prediction = await failed('hearth/bad-setup', { text: `try ${n}` });
      expect(prediction.status).toBe('failed');
      expect(prediction.error).toMatch(/setup/i);
      expect(prediction.logs).not.toBe('');
    }
  });
  it('a crash while running', async () => {
    const prediction = await failed('hearth/faulty', { mode: 'crash', seconds: 0.3 });
    expect(prediction.status).toBe('failed');
    expect(prediction.error).toMatch(/crash|exit/i);
  });
  it('out of memory while running', async () => {
    const prediction = await failed('hearth/faulty', { mode: 'oom' });
    expect(prediction.status).toBe('failed');
    expect(prediction.error).toMatch(/memory/i);
  });
  it('an exception in predict, with its traceback in the logs', async () => {
    const prediction = await failed('hearth/faulty', { mode: 'fail' });
    expect(prediction).toMatchObject({ status: 'failed' });
    expect(prediction.logs).toMatch(/at /);
  });
  it('and every instance goes', async () => {
    await eventually('no instance to be left', async () => (await liveInstances()) === 0);
  });
});
