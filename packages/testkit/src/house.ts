import { type ChildProcess, spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@hearth/kit';
import { processesWith, signal } from './processes.ts';
import { scratchFolder } from './scratch.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export type ServerRoom = 'api' | 'scheduler' | 'dispatcher';

/** A whole Hearth, started as a person would start it, and driven over HTTP and by its command line only. */
export interface House {
  /** `http://127.0.0.1:<port>`, without `/v1`. */
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  /** Everything `hearth up` printed so far. */
  output(): string;
  /** One of our endpoints, parsed; throws with the body when the answer is not 2xx. */
  get<T>(path: string): Promise<T>;
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Runs `hearth …` against this house. */
  hearth(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
  /** The process id of a server, read from /proc. */
  pidOf(room: ServerRoom): Promise<number>;
  /** SIGKILLs a server and resolves once `up` has started it anew. */
  kill9(room: ServerRoom): Promise<void>;
  /** SIGKILLs `up` and everything else that has the data folder, at once; `restart` starts it again. */
  powerCut(): Promise<void>;
  /** Ctrl-C, and the exit code. The data folder stays until `dispose`. */
  stop(): Promise<number>;
  /** Starts again on the same data folder after `stop` or `powerCut`. */
  restart(): Promise<void>;
  dispose(): Promise<void>;
}

export interface HouseOptions {
  readonly runtime: 'process' | 'docker' | 'auto';
  /** `postgres`: as on a machine where no Redis is found. */
  readonly transport?: 'redis' | 'postgres';
  readonly env?: Record<string, string>;
  /** Run by somebody else; left out, `hearth up` runs its own. */
  readonly stores?: { readonly databaseUrl: string; readonly redisUrl: string };
  /** The caller's, to be kept by `dispose`; left out, a new folder that goes with the house. */
  readonly dataDir?: string;
}

/** Waits for `check` to answer something truthy; the error names what was awaited. Polls an outside process: no event to wait for. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | null | undefined | false>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown = null;
  for (;;) {
    try {
      const value = await check();
      if (value) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline)
      throw new Error(`waited ${timeoutMs} ms in vain for ${what}; last seen: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The process whose environment names this data folder and whose command runs that room's server. */
export async function findServer(dataDir: string, room: ServerRoom): Promise<number | null> {
  const found = await processesWith(dataDir, (command) => command.includes(`apps/${room}/src/main.ts`));
  const server = found.find(({ environment }) => environment.split('\0').includes(`HEARTH_DATA_DIR=${dataDir}`));
  return server?.pid ?? null;
}

const TOKEN = 'hth_test_token_of_the_house_000000000000000';
const CLI = join(ROOT, 'apps/cli/src/main.ts');

export async function startHouse(options: HouseOptions): Promise<House> {
  const dataDir = options.dataDir ?? (await scratchFolder('hearth-house-'));
  const [port, callbackPort, schedulerPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const url = `http://127.0.0.1:${port}`;
  const env = environmentOf(options, { dataDir, url, port, callbackPort, schedulerPort });
  const up = new Up(env);
  const request = requestsTo(url);
  const house: House = {
    url,
    token: TOKEN,
    dataDir,
    output: () => up.printed,
    request,
    async get<T>(path: string): Promise<T> {
      const response = await request('GET', path);
      const text = await response.text();
      if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${text}`);
      return JSON.parse(text) as T;
    },
    hearth: (...args) => run(process.execPath, [CLI, ...args], env),
    pidOf: (room) => eventually(`the process of ${room}`, () => findServer(dataDir, room)),
    async kill9(room) {
      const pid = await house.pidOf(room);
      process.kill(pid, 'SIGKILL');
      await eventually(`${room} to be started anew`, async () => {
        const now = await findServer(dataDir, room);
        return now !== null && now !== pid;
      });
    },
    async powerCut() {
      up.kill('SIGKILL');
      for (const { pid } of await processesWith(dataDir)) signal(pid, 'SIGKILL');
      await up.exited;
    },
    async stop() {
      up.kill('SIGINT');
      return up.exited;
    },
    restart: () => up.boot(),
    async dispose() {
      if (up.isRunning) await house.stop();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await up.boot();
  } catch (error) {
    await house.dispose();
    throw error;
  }
  return house;
}

/** Whoever runs the tests has settings of their own: what decides how a house runs is set or taken away. */
function environmentOf(
  { runtime, transport, stores, env }: HouseOptions,
  at: { dataDir: string; url: string; port: number; callbackPort: number; schedulerPort: number },
): NodeJS.ProcessEnv {
  const { DATABASE_URL: _database, REDIS_URL: _redis, NODE_OPTIONS: _options, ...given } = process.env;
  return {
    ...given,
    HEARTH_DATA_DIR: at.dataDir,
    HEARTH_HOST: '127.0.0.1',
    HEARTH_PORT: String(at.port),
    HEARTH_CALLBACK_PORT: String(at.callbackPort),
    HEARTH_SCHEDULER_PORT: String(at.schedulerPort),
    HEARTH_PUBLIC_URL: at.url,
    HEARTH_API_TOKEN: TOKEN,
    HEARTH_URL: at.url,
    HEARTH_RUNTIME: runtime,
    HEARTH_QUEUE: (transport ?? process.env.HEARTH_TEST_TRANSPORT) === 'postgres' ? 'postgres' : 'auto',
    ...(stores && { DATABASE_URL: stores.databaseUrl, REDIS_URL: stores.redisUrl }),
    ...env,
  };
}

const requestsTo =
  (url: string): House['request'] =>
  (method, path, body, headers = {}) =>
    fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });

/** `hearth up`, one after the other on the same data folder. */
class Up {
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | null = null;
  /** Since the last start. */
  printed = '';
  /** The code of the last one, 128 where a signal ended it. */
  exited: Promise<number> = Promise.resolve(0);

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null;
  }

  kill(name: NodeJS.Signals): void {
    this.#child?.kill(name);
  }

  /** Resolves once it has said that it is ready. */
  async boot(): Promise<void> {
    this.printed = '';
    const child = spawn(process.execPath, [CLI, 'up'], {
      cwd: ROOT,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    const note = (chunk: Buffer) => {
      this.printed += chunk.toString();
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    this.exited = new Promise((resolve) =>
      child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128))),
    );
    const gaveUp = this.exited.then((code) => {
      throw new Error(`hearth up ended with ${code} before it was ready:\n${this.printed}`);
    });
    await Promise.race([
      eventually('the summary of hearth up', async () => /first prediction/i.test(this.printed), 180_000),
      gaveUp,
    ]);
    gaveUp.catch(() => {});
  }
}

function run(
  command: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...env, NO_COLOR: '1' },
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, stdout, stderr }));
  });
}
