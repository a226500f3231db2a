import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@hearth/kit';
import { command } from '../src/engines/command.ts';
import { enginesRing, startEngines, type TestEngine, type TestEngines } from '../src/engines.ts';
import { type House, startHouse } from '../src/house.ts';
import { buildTestImage } from '../src/model-image.ts';
import { startTcpProxy, type TcpProxy } from '../src/tcp-proxy.ts';
import { type Disk, makeDisk } from './disk.ts';
import type { ModelName } from './plan.ts';
import { embeddedStores, type Store, startPostgres, startRedis } from './stores.ts';

const MODEL_FOLDER = join(import.meta.dirname, 'model');
const ACCOUNTS = ['hearth', 'ada', 'grace'];
/** What a run's servers are told beside their addresses. */
const SETTINGS = {
  HEARTH_EXAMPLES: 'false',
  HEARTH_KEEP_ALIVE: '15s',
  HEARTH_MAX_INSTANCES: '2',
  HEARTH_SETUP_TIMEOUT: '60s',
  HEARTH_CANCEL_GRACE: '3s',
  HEARTH_PREDICTION_TIMEOUT: '60s',
  // The receiver of the run's webhooks is on this machine.
  HEARTH_ALLOW_OUTBOUND: '127.0.0.1',
};
const OWNER = 'hearth';
/** So little memory that a model which fills it is ended soon; enough for a server of Node. */
const BRITTLE = {
  sku: 'brittle',
  name: 'Little memory',
  gpus: 0,
  cpus: 1,
  memory_mib: 192,
  price_micros_per_second: 700,
};

interface ModelSetup {
  readonly output: 'whole' | 'pieces' | 'file';
  readonly slots: number;
  /** On this machine whatever engine there is. */
  readonly local: boolean;
}

const MODELS: Readonly<Record<ModelName, ModelSetup>> = {
  fast: { output: 'whole', slots: 8, local: false },
  local: { output: 'whole', slots: 4, local: true },
  pieces: { output: 'pieces', slots: 4, local: false },
  file: { output: 'file', slots: 2, local: false },
  brittle: { output: 'whole', slots: 1, local: false },
};

export interface Account {
  readonly name: string;
  readonly token: string;
  /** Of its webhooks. */
  readonly secret: string;
}

/** A whole Hearth and everything that it stands on, each part of which can be broken. */
export interface World {
  readonly folder: string;
  readonly house: House;
  readonly accounts: readonly Account[];
  readonly postgres: Store;
  readonly redis: Store;
  /** Null: there is none to be broken here; models run as processes. */
  readonly engine: TestEngine | null;
  /** Between containers and the dispatcher; null without an engine. */
  readonly callbacks: TcpProxy | null;
  /** By what is on them; null each where this machine does not let us make one. */
  readonly disks: Readonly<Record<string, Disk | null>>;
  /** Copies all logs to where they outlast {@link close}, into the folder. */
  keepLogs(): Promise<void>;
  /** Ends everything. The folder stays, but for what was on disks of its own. */
  close(): Promise<void>;
  removeFolder(): Promise<void>;
}

/** `own`: Postgres and Redis run beside Hearth, behind a network; `embedded`: `hearth up` has its own. */
export type Stores = 'own' | 'embedded';

export async function buildWorld(kind: Stores, say: (line: string) => void): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-chaos-'));
  const ends: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  const keep = <T>(made: T, end: (made: T) => Promise<unknown>): T => {
    ends.push(() => end(made));
    return made;
  };
  try {
    const disk = async (name: string, mebibytes: number): Promise<Disk | null> =>
      keep(await makeDisk(join(folder, name), mebibytes), async (made) => made?.close());
    const dataDir = join(folder, 'data', 'hearth');
    const disks: Record<string, Disk | null> = { data: await disk('data', kind === 'own' ? 512 : 1_024) };
    await mkdir(dataDir);
    let stores: { postgres: Store; redis: Store } = embeddedStores(dataDir);
    let urls: { databaseUrl: string; redisUrl: string } | undefined;
    if (kind === 'own') {
      disks.postgres = await disk('postgres', 1_024);
      disks.redis = await disk('redis', 256);
      const postgres = keep(await startPostgres(join(folder, 'postgres')), (made) => made.close());
      const redis = keep(await startRedis(join(folder, 'redis')), (made) => made.close());
      stores = { postgres, redis };
      urls = { databaseUrl: postgres.url, redisUrl: redis.url };
    }
    const fleet = (await enginesRing()) ? keep(await startEngine(say), (made) => made.dispose()) : null;
    const [engine = null] = fleet?.engines ?? [];
    const port = await freePort();
    const callbacks = engine
      ? keep(await startTcpProxy({ host: '127.0.0.1', port }, await gatewayOf(engine), port), (made) => made.close())
      : null;
    say('Hearth');
    const env = { ...SETTINGS, HEARTH_CALLBACK_PORT: String(port) };
    const options = { runtime: 'process', dataDir, env, ...(urls && { stores: urls }) } as const;
    const house = keep(await startHouse(options), (made) => made.dispose());
    if (engine) await hearth(house, 'hosts', 'add', ...engine.addArgs, '--id', 'engine');
    await addModels(house, engine !== null, say);
    const accounts = await Promise.all(ACCOUNTS.map((name) => openAccount(house, name)));
    const keepLogs = async (): Promise<void> => {
      const kept = join(folder, 'logs');
      await cp(join(dataDir, 'logs'), kept, { recursive: true });
      await writeFile(join(kept, 'up.log'), house.output());
    };
    const removeFolder = () => rm(folder, { recursive: true, force: true });
    return { folder, house, accounts, ...stores, engine, callbacks, disks, keepLogs, close, removeFolder };
  } catch (error) {
    await close();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

const imageOf = (name: ModelName): string => `hearth-chaos/${name}`;

/** An engine of its own with the models' images: the machine's own is not to be broken. */
async function startEngine(say: (line: string) => void): Promise<TestEngines> {
  say('an engine, and images of the models');
  const images: string[] = [];
  for (const [name, { output, slots, local }] of Object.entries(MODELS)) {
    if (local) continue;
    const tag = imageOf(name as ModelName);
    const env = { CHAOS_OUTPUT: output, COG_MAX_CONCURRENCY: String(slots) };
    await buildTestImage({ folder: MODEL_FOLDER, tag, env, asCog: true });
    images.push(tag);
  }
  const fleet = await startEngines(['tcp']);
  await fleet.engines[0]?.load(...images);
  return fleet;
}

/** This machine's address on the engine's network. */
async function gatewayOf({ address }: TestEngine): Promise<string> {
  const route = await command('ip', '-4', 'route', 'get', address);
  const [, source] = /\bsrc (\S+)/.exec(route) ?? [];
  if (source === undefined) throw new Error(`no address of this machine leads to ${address}: ${route}`);
  return source;
}

async function addModels(house: House, contained: boolean, say: (line: string) => void): Promise<void> {
  await posted(house, '/v1/hardware', BRITTLE);
  await hearth(house, 'hardware', 'set', 'cpu', '--price', '0.0004');
  for (const [name, { output, slots, local }] of Object.entries(MODELS)) {
    const hardware = name === 'brittle' ? BRITTLE.sku : 'cpu';
    const model = `${OWNER}/${name}`;
    const settings = ['--env', `CHAOS_OUTPUT=${output}`, '--env', `COG_MAX_CONCURRENCY=${slots}`];
    const source =
      contained && !local
        ? [imageOf(name as ModelName), model]
        : [MODEL_FOLDER, model, '--command', `${process.execPath} src/main.ts`, ...settings];
    say(`model ${name}`);
    await hearth(house, 'models', 'add', ...source, '--hardware', hardware);
  }
}

async function hearth(house: House, ...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await house.hearth(...args);
  if (code !== 0) throw new Error(`hearth ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
}

async function posted<T>(house: House, path: string, body: unknown): Promise<T> {
  const response = await house.request('POST', path, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

async function openAccount(house: House, name: string): Promise<Account> {
  // The first one sees everybody's bills.
  const body = { name: 'chaos', username: name, scope: 'admin', operator: name === ACCOUNTS[0] };
  const { token } = await posted<{ token: string }>(house, '/v1/tokens', body);
  const response = await fetch(`${house.url}/v1/webhooks/default/secret`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { key } = (await response.json()) as { key: string };
  return { name, token, secret: key };
}
