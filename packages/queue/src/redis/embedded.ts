import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';

const START_WITHIN_MS = 30_000;
const FREE_WITHIN_MS = 2_000;
const STOP_WITHIN_MS = 10_000;
/** The kernel's limit for socket paths is 107 bytes. */
const MAX_SOCKET_PATH = 100;

/** The private Redis did not come up. The message ends with what it said. */
export class EmbeddedRedisFailed extends Error {
  override readonly name = 'EmbeddedRedisFailed';
}

export interface EmbeddedRedis {
  /** The path of its socket, which ioredis and `createTransport` take as a URL. */
  readonly url: string;
  readonly pid: number;
  /** Resolves with the reason once it has ended, whoever ended it. */
  readonly ended: Promise<string>;
  /** Saves and ends it. */
  stop(): Promise<void>;
}

export interface EmbeddedRedisOptions {
  /** From `findRedisBinary`. */
  readonly binary: string;
  /** A folder that this Redis has to itself; made if need be. */
  readonly dataDir: string;
}

/**
 * Starts a Redis that only this user reaches (a socket, no port), keeps its data in an append-only file, and ends with
 * its parent where `setpriv` can see to that (Linux).
 * @throws EmbeddedRedisFailed also when another process already runs it on this folder
 */
export async function startEmbeddedRedis({ binary, dataDir }: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const folder = resolve(dataDir);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const socket = await socketFor(folder);
  await untilFree(socket, folder);

  const [command, ...args] = [...(await diesWithParent()), binary, ...redisArguments(folder, socket)];
  if (command === undefined) throw new EmbeddedRedisFailed('no binary was given');
  // A group of its own, so that Ctrl-C reaches us first and the servers can still finish their work.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lastWords = collectOutput(child);
  const ended = new Promise<string>((tell) => {
    child.once('error', (error) => tell(error.message));
    child.once('exit', (code, signal) => tell(`ended with ${signal ?? `code ${code}`}: ${lastWords()}`));
  });

  try {
    await untilReady(socket, ended);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return {
    url: socket,
    pid: child.pid ?? 0,
    ended,
    async stop() {
      child.kill('SIGTERM');
      const tooLate = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(tooLate);
    },
  };
}

/** Redis takes its configuration file's lines as arguments. */
function redisArguments(folder: string, socket: string): string[] {
  const settings = {
    port: '0',
    unixsocket: socket,
    unixsocketperm: '700',
    dir: folder,
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '',
    // Dropping keys under memory pressure would drop tickets.
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
  };
  return Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value]);
}

/** In the data folder, or, where that path is too long for a socket, in the user's own folder under the temporary one. */
async function socketFor(folder: string): Promise<string> {
  const nearby = join(folder, 'redis.sock');
  if (Buffer.byteLength(nearby) <= MAX_SOCKET_PATH) return nearby;
  const short = join(tmpdir(), `hearth-${userInfo().uid}`);
  await mkdir(short, { recursive: true, mode: 0o700 });
  return join(short, `${createHash('sha256').update(folder).digest('hex').slice(0, 16)}.sock`);
}

/** A parent killed with -9 and started again may meet its former Redis, which is about to end. */
async function untilFree(socket: string, folder: string): Promise<void> {
  const deadline = performance.now() + FREE_WITHIN_MS;
  while (await answers(socket)) {
    if (performance.now() > deadline) throw new EmbeddedRedisFailed(`a Redis already runs on ${folder}`);
    await delay(50);
  }
}

async function answers(socket: string): Promise<boolean> {
  const probe = connect(socket);
  try {
    await once(probe, 'connect');
    return true;
  } catch {
    // Nobody there, or a socket left behind by a Redis that was killed.
    return false;
  } finally {
    probe.destroy();
  }
}

/** The command to put in front so that the child gets SIGTERM when we die, even by -9; nothing where that can't be had. */
async function diesWithParent(): Promise<string[]> {
  const prefix = ['setpriv', '--pdeathsig', 'TERM'];
  try {
    await promisify(execFile)('setpriv', ['--pdeathsig', 'TERM', 'true']);
    return prefix;
  } catch {
    // Not Linux, or a setpriv without this flag.
    return [];
  }
}

function collectOutput(child: ChildProcess): () => string {
  let tail = '';
  const keep = (chunk: Buffer): void => {
    tail = (tail + chunk.toString()).slice(-2_000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => tail.trim();
}

/** Until it answers; while it loads its file it says so, and ioredis waits. */
async function untilReady(socket: string, ended: Promise<string>): Promise<void> {
  const client = new Redis(socket, { retryStrategy: () => 10, maxRetriesPerRequest: null, disableClientInfo: true });
  // Refused connections while it starts; the deadline and its end decide.
  client.on('error', () => {});
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<string>((tell) => {
    timer = setTimeout(() => tell(`not ready within ${START_WITHIN_MS} ms`), START_WITHIN_MS);
  });
  const ready = new Promise<null>((tell) => client.once('ready', () => tell(null)));
  const failure = await Promise.race([ready, ended, deadline]);
  clearTimeout(timer);
  client.disconnect();
  if (failure !== null) throw new EmbeddedRedisFailed(`Redis did not start: ${failure}`);
}
