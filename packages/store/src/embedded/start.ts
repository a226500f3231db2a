import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, type Logger, newSecret } from '@hearth/kit';
import { type Binaries, findBinaries } from './binaries.ts';
import { chooseIdentity, type Identity, type IdentityKind } from './identity.ts';
import { endOrphan, lockFolder, readIfThere } from './lock.ts';

export interface EmbeddedPostgresOptions {
  /** Made if missing. Holds the cluster, its password and its log. */
  readonly dataDir: string;
  readonly log: Logger;
  /** Where it listened before, when it is started again for clients that keep the address; else a free port. */
  readonly port?: number;
  /** For tests: nothing waits for the disk, and a crash of the machine may ruin the data. */
  readonly ephemeral?: boolean;
  /** For tests: how to run as root, instead of the first that works. */
  readonly runAs?: IdentityKind;
}

export interface EmbeddedPostgres {
  /**
   * 127.0.0.1 and a port, with a socket as the `host` parameter, which pg, BullMQ and psql prefer: a round trip over it
   * costs a third of one over TCP, and each prediction makes three. The password keeps other users of the machine out.
   */
  readonly url: string;
  readonly pid: number;
  /** Resolves when the server has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
  /** Ends its connections, writes everything to disk and waits for the end. */
  stop(): Promise<void>;
}

const USER = 'hearth';

/**
 * Starts the Postgres that comes from npm on a data folder, and makes that folder on first sight. It ends with this
 * process, however that ends.
 * @throws AlreadyRunning, NoEmbeddedPostgres, or an Error with the end of the server's log
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const folder = resolve(options.dataDir);
  mkdirSync(folder, { recursive: true });
  const lock = lockFolder(folder);
  try {
    const identity = chooseIdentity(options.runAs);
    const binaries = findBinaries(folder);
    const cluster = join(folder, 'data');
    await endOrphan(cluster, options.log);
    if (!existsSync(cluster)) await makeCluster(folder, binaries, identity, options.ephemeral === true);
    identity.own(cluster);
    // A root without its usual rights can give a folder away and then not look into it.
    accessSync(cluster, constants.R_OK | constants.X_OK);
    return await serve(folder, binaries, identity, options, lock.release);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The longest path that a socket may have is 107 bytes; Postgres adds its own name to the folder's. */
const MAX_SOCKET_FOLDER_BYTES = 107 - '/.s.PGSQL.65535.lock'.length;

/** Where its socket lies; null where the path would be too long, and TCP has to do. */
function socketFolder(folder: string, identity: Identity): string | null {
  const sockets = join(folder, 'run');
  if (Buffer.byteLength(sockets) > MAX_SOCKET_FOLDER_BYTES) return null;
  mkdirSync(sockets, { recursive: true, mode: 0o700 });
  identity.own(sockets);
  return sockets;
}

const passwordFile = (folder: string) => join(folder, 'password');

async function makeCluster(
  folder: string,
  { initdb }: Binaries,
  identity: Identity,
  ephemeral: boolean,
): Promise<void> {
  // Beside its place and renamed when whole: a half-made cluster is never mistaken for one.
  const half = join(folder, 'data.new');
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { mode: 0o700 });
  writeFileSync(passwordFile(folder), newSecret(), { mode: 0o600 });
  identity.own(half);
  identity.own(passwordFile(folder));
  const args = [
    `--pgdata=${half}`,
    `--username=${USER}`,
    '--auth=scram-sha-256',
    `--pwfile=${passwordFile(folder)}`,
    // The same order and case rules on every machine.
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    ...(ephemeral ? ['--no-sync'] : []),
  ];
  const logFile = join(folder, 'initdb.log');
  const log = openSync(logFile, 'w');
  try {
    const child = await launch(identity, initdb, args, log);
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`initdb ended with ${code}: ${tail(logFile)}`);
  } finally {
    closeSync(log);
  }
  renameSync(half, join(folder, 'data'));
}

async function serve(
  folder: string,
  { postgres }: Binaries,
  identity: Identity,
  { log, ephemeral, port: wantedPort }: EmbeddedPostgresOptions,
  release: () => void,
): Promise<EmbeddedPostgres> {
  const cluster = join(folder, 'data');
  const port = wantedPort ?? (await freePort());
  const sockets = socketFolder(folder, identity);
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: sockets ?? '',
    max_connections: 200,
    // Compiling a plan takes longer than any query here.
    jit: 'off',
    timezone: 'UTC',
    ...(ephemeral && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const logFile = join(folder, 'postgres.log');
  const output = openSync(logFile, 'w');
  const child = await launch(identity, postgres, ['-D', cluster, ...args], output);
  closeSync(output);
  if (!(await becomesReady(cluster, child))) throw new Error(`Postgres did not start: ${tail(logFile)}`);

  let stopping = false;
  const ended = once(child, 'exit').then(([code]) => {
    release();
    if (!stopping) log.error({ code, tail: tail(logFile) }, 'the embedded Postgres has ended');
  });
  log.info({ pid: child.pid, port, runAs: identity.kind, folder }, 'embedded Postgres is ready');
  const password = readFileSync(passwordFile(folder), 'utf8');
  return {
    url: `postgres://${USER}:${password}@127.0.0.1:${port}/postgres${sockets ? `?host=${encodeURIComponent(sockets)}` : ''}`,
    pid: child.pid,
    ended,
    async stop() {
      stopping = true;
      const late = setTimeout(() => child.kill('SIGQUIT'), FAST_SHUTDOWN_MS);
      child.kill('SIGINT');
      await ended;
      clearTimeout(late);
    },
  };
}

/**
 * A fast shutdown does not wait for clients. A server that is just recovering from the crash of one of its processes may
 * not heed it; an immediate one (SIGQUIT) is a crash to recover from at the next start, and loses nothing either.
 */
const FAST_SHUTDOWN_MS = 15_000;

type Running = ChildProcess & { readonly pid: number };

/** In a session of its own, so that a Ctrl-C reaches us alone: whoever uses the database ends before it. */
async function launch(identity: Identity, program: string, programArgs: string[], output: number): Promise<Running> {
  const { file, args, options } = identity.command(program, programArgs);
  // Variables like PGPORT of whoever started us are not meant for this server.
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  const child = spawn(file, args, { ...options, env, cwd: '/', detached: true, stdio: ['ignore', output, output] });
  await once(child, 'spawn');
  return Object.assign(child, { pid: child.pid ?? 0 });
}

/** False when it ended instead. */
async function becomesReady(cluster: string, child: Running): Promise<boolean> {
  const statusFile = join(cluster, 'postmaster.pid');
  while (child.exitCode === null && child.signalCode === null) {
    // The eighth line is the server's own word for how far it is.
    const lines = readIfThere(statusFile).split('\n');
    if (Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready') return true;
    await delay(10);
  }
  return false;
}

const tail = (file: string): string => readFileSync(file, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
