import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@hearth/kit';
import { findRedisBinary, startEmbeddedRedis } from '@hearth/queue';
import { startEmbeddedPostgres } from '@hearth/store';
import { createPostgresBackend, Queue, QueueEvents, runMigrations, Worker, withBackend } from 'bullmq';
import { Client } from 'pg';
import { Pool } from 'undici';
import { type House, startHouse } from '../src/house.ts';
import { NOOP_FOLDER, predictDirectly, spawnModel, untilReady } from './hand.ts';
import { closedLoop, median, ms, quantile, type Spread, spread, table, times } from './stats.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly transport: 'redis' | 'postgres';
  /** A folder of traces, for the benches that play them; undefined where they are to generate some. */
  readonly traces: string | undefined;
  readonly say: (line: string) => void;
}
interface Arm {
  readonly once: () => Promise<void>;
  end(): Promise<void>;
}
interface Figures {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly perSecond: number;
}
interface Row {
  readonly arms: Readonly<Record<string, Figures>>;
  readonly ratio: Spread;
}

const CLIENTS = [1, 16, 128] as const;
const CALLS = { 1: 150, 16: 480, 128: 1280 } as const;

/**
 * What the platform adds to a warm no-op prediction. Three arms in turn, round by round: the prediction through the
 * platform (`Prefer: wait`), the same posted straight to a copy of its server, and a bare BullMQ add → result round trip
 * on the same kind of backend. The ratio compares the platform with the sum of the other two.
 */
export async function overhead({ rounds, transport, say }: BenchOptions) {
  const arms = {
    platform: await platformArm(transport),
    direct: await directArm(),
    bullmq: await bullmqArm(transport),
  };
  const names = Object.keys(arms) as (keyof typeof arms)[];
  const seen = new Map<string, Figures[]>();
  try {
    // Until the servers' code is compiled: the first thousand calls are twice as slow as the rest.
    for (const name of names) await closedLoop(16, 1_000, arms[name].once);
    for (let round = 0; round < rounds; round++) {
      for (const clients of CLIENTS) {
        for (const name of names) {
          const { latencies, perSecond } = await closedLoop(clients, CALLS[clients], arms[name].once);
          const key = `${name} ${clients}`;
          seen.set(key, [
            ...(seen.get(key) ?? []),
            { p50Ms: median(latencies), p95Ms: quantile(latencies, 0.95), perSecond },
          ]);
        }
      }
    }
  } finally {
    await Promise.all(names.map((name) => arms[name].end()));
  }
  const of = (name: string, clients: number): Figures[] => seen.get(`${name} ${clients}`) ?? [];
  const perClients: Record<string, Row> = Object.fromEntries(
    CLIENTS.map((clients) => [
      String(clients),
      {
        arms: Object.fromEntries(names.map((name) => [name, middle(of(name, clients))])),
        ratio: ratios(of('platform', clients), of('direct', clients), of('bullmq', clients)),
      },
    ]),
  );
  report(perClients, say);
  return { clients: perClients };
}

const middle = (figures: readonly Figures[]): Figures => ({
  p50Ms: median(figures.map(({ p50Ms }) => p50Ms)),
  p95Ms: median(figures.map(({ p95Ms }) => p95Ms)),
  perSecond: median(figures.map(({ perSecond }) => perSecond)),
});

/** Platform p50 over (direct p50 + BullMQ p50), round by round. */
const ratios = (platform: readonly Figures[], direct: readonly Figures[], bullmq: readonly Figures[]): Spread =>
  spread(
    platform.map(
      ({ p50Ms }, round) => p50Ms / ((direct[round]?.p50Ms ?? Number.NaN) + (bullmq[round]?.p50Ms ?? Number.NaN)),
    ),
  );

function report(perClients: Readonly<Record<string, Row>>, say: (line: string) => void): void {
  const rows = [['clients', 'arm', 'p50', 'p95', 'per second', 'platform ÷ (direct + BullMQ)']];
  for (const [clients, { arms, ratio }] of Object.entries(perClients)) {
    for (const [name, { p50Ms, p95Ms, perSecond }] of Object.entries(arms)) {
      rows.push([clients, name, ms(p50Ms), ms(p95Ms), perSecond.toFixed(0), name === 'platform' ? times(ratio) : '']);
    }
  }
  say(table(rows));
}

/** A house with the no-op model, kept warm by a minimum of one instance. */
async function platformArm(transport: 'redis' | 'postgres'): Promise<Arm> {
  const house = await startHouse({ runtime: 'process', transport, env: { LOG_LEVEL: 'warn' } });
  await addModel(house, NOOP_FOLDER, 'hearth/noop');
  const { latest_version: version } = await house.get<{ latest_version: { id: string } }>('/v1/models/hearth/noop');
  const deployment = {
    name: 'warm',
    model: 'hearth/noop',
    version: version.id,
    hardware: 'cpu',
    min_instances: 1,
    max_instances: 1,
  };
  const made = await house.request('POST', '/v1/deployments', deployment);
  if (!made.ok) throw new Error(`the deployment was refused: ${await made.text()}`);
  const pool = new Pool(house.url, { connections: 256 });
  const headers = { authorization: `Bearer ${house.token}`, 'content-type': 'application/json', prefer: 'wait' };
  const path = '/v1/deployments/hearth/warm/predictions';
  return {
    async once() {
      const { statusCode, body } = await pool.request({ method: 'POST', path, headers, body: '{"input":{}}' });
      const { status } = (await body.json()) as { status: string };
      if (statusCode !== 201 || status !== 'succeeded')
        throw new Error(`the platform answered ${statusCode} ${status}`);
    },
    async end() {
      await pool.close();
      await house.dispose();
    },
  };
}

/** Makes a folder a model of this house. */
export async function addModel(house: House, folder: string, name: string): Promise<void> {
  const added = await house.hearth('models', 'add', folder, name, '--command', `${process.execPath} main.ts`);
  if (added.code !== 0) throw new Error(`${name} was not added: ${added.stderr}`);
}

async function directArm(): Promise<Arm> {
  const model = await spawnModel(NOOP_FOLDER);
  await untilReady(model.url, 10);
  return { once: () => predictDirectly(model.url, {}), end: () => model.end() };
}

/** The shortest BullMQ can do: add a job, hear from the queue's events that a worker has completed it. */
async function bullmqArm(transport: 'redis' | 'postgres'): Promise<Arm> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hearth-bench-'));
  const { queue, events, worker, stop } = transport === 'redis' ? await onRedis(dataDir) : await onPostgres(dataDir);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady(), worker.waitUntilReady()]);
  const waiting = new Map<string, () => void>();
  events.on('completed', ({ jobId }) => waiting.get(jobId)?.());
  let jobs = 0;
  return {
    async once() {
      const jobId = `job-${jobs++}`;
      const completed = new Promise<void>((resolve) => {
        waiting.set(jobId, resolve);
      });
      await queue.add('noop', { predictionId: 'x' }, { jobId, removeOnComplete: true });
      await completed;
      waiting.delete(jobId);
    },
    async end() {
      await worker.close();
      await events.close();
      await queue.close();
      await stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

const NAME = 'bare';
const doNothing = async () => ({});

async function onRedis(dataDir: string) {
  const { binary, why } = await findRedisBinary(process.env);
  if (binary === null) throw new Error(`${why}; try --transport postgres`);
  const redis = await startEmbeddedRedis({ binary, dataDir });
  const connection = { path: redis.url, maxRetriesPerRequest: null };
  return {
    queue: new Queue(NAME, { connection }),
    events: new QueueEvents(NAME, { connection }),
    worker: new Worker(NAME, doNothing, { connection, concurrency: 128 }),
    stop: () => redis.stop(),
  };
}

async function onPostgres(dataDir: string) {
  const postgres = await startEmbeddedPostgres({ dataDir, log: createLogger({ room: 'bench', level: 'warn' }) });
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  await runMigrations(client);
  await client.end();
  const connection = postgres.url;
  const backed = withBackend(createPostgresBackend);
  return {
    queue: new backed.Queue(NAME, { connection }),
    events: new backed.QueueEvents(NAME, { connection }),
    worker: new backed.Worker(NAME, doNothing, { connection, concurrency: 128 }),
    stop: () => postgres.stop(),
  };
}
