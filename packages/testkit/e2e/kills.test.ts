import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type House, type ServerRoom, startHouse } from '../src/house.ts';
import { processesWith } from '../src/processes.ts';

interface Prediction {
  readonly id: string;
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
}

let house: House;

beforeAll(async () => {
  house = await startHouse({ runtime: 'process', env: { HEARTH_KEEP_ALIVE: '30s', HEARTH_MAX_INSTANCES: '1' } });
}, 240_000);
afterAll(async () => {
  await house?.dispose();
});

const create = async (input: unknown): Promise<Prediction> => {
  const response = await house.request('POST', '/v1/models/hearth/faulty/predictions', { input });
  expect(response.status, await response.clone().text()).toBe(201);
  return (await response.json()) as Prediction;
};
const inStatus = (id: string, ...statuses: string[]) =>
  eventually(
    `prediction ${id} to be ${statuses.join(' or ')}`,
    async () => {
      const prediction = await house.get<Prediction>(`/v1/predictions/${id}`);
      return statuses.includes(prediction.status) && prediction;
    },
    90_000,
  );
const recordsOf = async (id: string) => {
  const { results } = await house.get<{ results: { prediction: string }[] }>('/v1/usage');
  return results.filter((record) => record.prediction === id);
};

describe('kill -9 in the middle of a 5 s prediction', () => {
  it.each<ServerRoom>(['dispatcher', 'scheduler', 'api'])(
    'of the %s: it ends once, succeeded, with one usage record',
    async (room) => {
      const { id } = await create({ seconds: 5, text: room });
      await inStatus(id, 'processing');
      await house.kill9(room);
      const prediction = await inStatus(id, 'succeeded', 'failed', 'canceled');
      expect(prediction).toMatchObject({ status: 'succeeded', error: null });
      expect(await recordsOf(id)).toHaveLength(1);
      const next = await create({ seconds: 0, text: 'after' });
      expect(await inStatus(next.id, 'succeeded', 'failed')).toMatchObject({ status: 'succeeded' });
    },
    120_000,
  );
});

async function redisProcess(dataDir: string): Promise<number | null> {
  const [found] = await processesWith(dataDir, (command) => /^[^\0]*(redis|valkey)-server/.test(command));
  return found?.pid ?? null;
}

describe.skipIf(process.env.HEARTH_TEST_TRANSPORT === 'postgres')('a Redis wiped and restarted mid-queue', () => {
  it('loses no prediction', async () => {
    const predictions = await Promise.all(
      Array.from({ length: 12 }, (_, n) => create({ seconds: 0.4, text: `wiped ${n}` })),
    );
    const pid = await eventually('the private Redis', () => redisProcess(house.dataDir));
    const { rm } = await import('node:fs/promises');
    process.kill(pid, 'SIGSTOP');
    await rm(`${house.dataDir}/redis`, { recursive: true, force: true });
    process.kill(pid, 'SIGKILL');
    const ends = await Promise.all(predictions.map(({ id }) => inStatus(id, 'succeeded', 'failed', 'canceled')));
    expect(ends.map(({ status }) => status)).toEqual(predictions.map(() => 'succeeded'));
    for (const { id } of predictions) expect(await recordsOf(id)).toHaveLength(1);
  }, 120_000);
});

describe('the whole house', () => {
  it('ends with everything it started at Ctrl-C, and finds its data at the next start', async () => {
    const { id } = await create({ seconds: 0, text: 'kept' });
    await inStatus(id, 'succeeded');
    expect(await house.stop()).toBe(0);
    expect(await processesWith(house.dataDir)).toEqual([]);
    await house.restart();
    expect(house.output()).not.toContain(house.token);
    expect(await house.get<Prediction>(`/v1/predictions/${id}`)).toMatchObject({ status: 'succeeded' });
  }, 120_000);
});

describe('the ledger of all that', () => {
  const verified = async () => {
    const { code, stdout, stderr } = await house.hearth('usage', 'verify', '--json');
    if (code > 1 || stdout === '') throw new Error(stderr);
    const found = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      predictions: number;
      records: number;
      corrections: number;
      unsealed: number;
      differences: object[];
    };
    return { code, found };
  };
  const sealed = () =>
    eventually('every record to be sealed', async () => {
      const { code, found } = await verified();
      expect(found.differences).toEqual([]);
      expect(code).toBe(0);
      return found.unsealed === 0 && found;
    });

  it('has no difference, and none after a correction', async () => {
    const { records, predictions } = await sealed();
    expect(records).toBe(predictions);
    expect(records).toBeGreaterThanOrEqual(7);

    const [{ prediction }] = (await house.get<{ results: [{ prediction: string }] }>('/v1/usage')).results;
    const correct = ['usage', 'correct', prediction, '--cost', '0.5', '--reason', 'an example', '--key', 'example'];
    for (const made of [await house.hearth(...correct), await house.hearth(...correct)]) {
      expect(made, made.stderr).toMatchObject({ code: 0 });
      expect(made.stdout).toContain(`${prediction}.example`);
    }
    expect(await sealed()).toMatchObject({ records, corrections: 1 });

    const { stdout } = await house.hearth('usage', 'export');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; sequence: string; data: { cost: number } });
    expect(events.map(({ sequence }) => Number(sequence))).toEqual(
      Array.from({ length: records + 1 }, (_, n) => n + 1),
    );
    expect(events.at(-1)).toMatchObject({ id: `${prediction}.example`, data: { cost: 0.5 } });
  }, 120_000);
});
