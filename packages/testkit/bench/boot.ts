import Docker from 'dockerode';
import { eventually, freePort, type House, startHouse } from '../src/house.ts';
import { NOOP_FOLDER, predictDirectly, spawnModel, untilReady } from './hand.ts';
import { addModel, type BenchOptions } from './overhead.ts';
import { ms, spread, table, times } from './stats.ts';

const IMAGE = 'hearth/stream';
const STREAM_INPUT = { text: 'x', rate: 1000 };

/** Both ways to a first prediction from cold, and what each leaves to clean up, which is not timed. */
interface Pair {
  readonly platform: () => Promise<Cleanup>;
  readonly byHand: () => Promise<Cleanup>;
  end(): Promise<void>;
}
type Cleanup = () => Promise<void>;

/**
 * A cold boot: from the request to the prediction's end, through the platform and by hand, in turn. By hand: spawn (or
 * `docker create` and `start`), probe every 10 ms until READY, post the prediction.
 */
export async function boot({ rounds, transport, say }: BenchOptions) {
  const figures = {
    process: await pairs(rounds, await processPair(transport)),
    docker: (await engineAnswers()) ? await pairs(rounds, await dockerPair(transport)) : null,
  };
  const rows = [['runtime', 'platform', 'by hand', 'platform ÷ by hand']];
  for (const [runtime, pair] of Object.entries(figures)) {
    rows.push(
      pair === null
        ? [runtime, 'no engine answers', '', '']
        : [runtime, ms(pair.platformMs.median), ms(pair.handMs.median), times(pair.ratio)],
    );
  }
  say(table(rows));
  return { runtimes: figures };
}

async function pairs(rounds: number, pair: Pair) {
  const platform: number[] = [];
  const hand: number[] = [];
  try {
    for (let round = -1; round < rounds; round++) {
      const p = await timed(pair.platform);
      const h = await timed(pair.byHand);
      if (round < 0) continue; // The first pair warms page cache and code caches.
      platform.push(p);
      hand.push(h);
    }
  } finally {
    await pair.end();
  }
  const ratio = spread(platform.map((value, round) => value / (hand[round] ?? Number.NaN)));
  return { platformMs: spread(platform), handMs: spread(hand), ratio };
}

async function timed(way: () => Promise<Cleanup>): Promise<number> {
  const from = performance.now();
  const cleanup = await way();
  const took = performance.now() - from;
  await cleanup();
  return took;
}

/** A deployment of the model that keeps nothing warm, and the call that boots it. */
async function coldCall(house: House, model: string, input: unknown): Promise<() => Promise<Cleanup>> {
  const { latest_version: version } = await house.get<{ latest_version: { id: string } }>(`/v1/models/${model}`);
  const body = {
    name: 'cold',
    model,
    version: version.id,
    hardware: 'cpu',
    min_instances: 0,
    max_instances: 1,
    keep_alive: '0s',
  };
  const made = await house.request('POST', '/v1/deployments', body);
  if (!made.ok) throw new Error(`the deployment was refused: ${await made.text()}`);
  return async () => {
    const response = await house.request(
      'POST',
      '/v1/deployments/hearth/cold/predictions',
      { input },
      { prefer: 'wait' },
    );
    const { status, error } = (await response.json()) as { status: string; error: string | null };
    if (status !== 'succeeded') throw new Error(`the platform answered ${response.status} ${status} ${error ?? ''}`);
    return () => untilCold(house);
  };
}

async function untilCold(house: House): Promise<void> {
  await eventually('every instance to be gone', async () => {
    const { results } = await house.get<{ results: unknown[] }>('/v1/instances');
    return results.length === 0;
  });
}

async function processPair(transport: BenchOptions['transport']): Promise<Pair> {
  const house = await startHouse({ runtime: 'process', transport, env: { LOG_LEVEL: 'warn' } });
  await addModel(house, NOOP_FOLDER, 'hearth/noop');
  return {
    platform: await coldCall(house, 'hearth/noop', {}),
    async byHand() {
      const model = await spawnModel(NOOP_FOLDER);
      await untilReady(model.url, 10);
      await predictDirectly(model.url, {});
      return () => model.end();
    },
    end: () => house.dispose(),
  };
}

async function engineAnswers(): Promise<boolean> {
  try {
    await new Docker().ping();
    return true;
  } catch {
    return false; // No engine: the table says so.
  }
}

async function dockerPair(transport: BenchOptions['transport']): Promise<Pair> {
  const house = await startHouse({ runtime: 'docker', transport, env: { LOG_LEVEL: 'warn' } });
  const docker = new Docker();
  return {
    platform: await coldCall(house, IMAGE, STREAM_INPUT),
    async byHand() {
      const port = await freePort();
      const container = await docker.createContainer({
        Image: IMAGE,
        Env: ['PORT=5000'],
        ExposedPorts: { '5000/tcp': {} },
        HostConfig: { PortBindings: { '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: String(port) }] }, Init: true },
      });
      await container.start();
      const url = `http://127.0.0.1:${port}`;
      await untilReady(url, 10);
      await predictDirectly(url, STREAM_INPUT);
      return () => container.remove({ force: true });
    },
    end: () => house.dispose(),
  };
}
