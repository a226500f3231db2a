import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createLogger } from '@hearth/kit';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { AlreadyRunning, type EmbeddedPostgres, startEmbeddedPostgres } from '../src/index.ts';
import { until } from './world.ts';

// Each makes a cluster and starts it up to three times; on a busy disk that takes a while.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 30_000 });

const log = createLogger({ room: 'test', level: 'silent' });
const isRoot = process.getuid?.() === 0;
let dataDir: string;
let running: EmbeddedPostgres[];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'hearth-embedded-'));
  running = [];
});
afterEach(async () => {
  for (const server of running) await server.stop();
  rmSync(dataDir, { recursive: true });
});

async function start(options: Partial<Parameters<typeof startEmbeddedPostgres>[0]> = {}): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, log, ...options });
  running.push(server);
  return server;
}

async function query<T extends object>(url: string, text: string): Promise<T[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH is the answer.
    return false;
  }
}

test('a stopped server leaves nothing running, and its data is found again', async () => {
  const first = await start();
  await query(first.url, 'create table kept as select 42 as answer');
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);
  const second = await start();
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  expect(await query(second.url, 'show fsync')).toEqual([{ fsync: 'on' }]);
  expect(await query(second.url, 'show max_connections')).toEqual([{ max_connections: '200' }]);
});

test('only who knows the password gets in, and only its owner can read it', async () => {
  const { url } = await start({ ephemeral: true });
  const guess = new URL(url);
  guess.password = 'guess';
  await expect(query(guess.href, 'select 1')).rejects.toThrow(/password authentication failed/);
  expect(statSync(join(dataDir, 'password')).mode & 0o077).toBe(0);
  expect(await query(url, 'show fsync')).toEqual([{ fsync: 'off' }]);
});

test('a second start on the same folder is refused while the first runs, not after', async () => {
  const first = await start({ ephemeral: true });
  const second = startEmbeddedPostgres({ dataDir, log });
  await expect(second).rejects.toThrow(AlreadyRunning);
  await expect(second).rejects.toThrow(`is already running (pid ${process.pid})`);
  expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }]);
  await first.stop();
  await start({ ephemeral: true });
});

test('what was committed outlives a server killed with -9, and its folder can be started again', async () => {
  const first = await start();
  await query(first.url, 'create table kept as select 42 as answer');
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  const second = await start();
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a server that recovers from the crash of one of its processes can be stopped, and loses nothing', async () => {
  const first = await start();
  await query(first.url, 'create table kept as select 42 as answer');
  const victim = new Client(first.url);
  victim.on('error', () => {});
  await victim.connect();
  const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
  process.kill(Number(rows[0]?.pid), 'SIGKILL');
  const log = () => readFileSync(join(dataDir, 'postgres.log'), 'utf8');
  await until('it begins to recover', async () => log().includes('reinitializing'));
  await first.stop();
  expect(isAlive(first.pid)).toBe(false);
  const second = await start();
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a folder that is no cluster is refused with the server’s own words', async () => {
  mkdirSync(join(dataDir, 'data'));
  await expect(start()).rejects.toThrow(/Postgres did not start: [^]*data/);
});

describe('when its supervisor is killed with -9', () => {
  async function killedOwner(): Promise<{ url: string; pid: number; kill(): Promise<void> }> {
    const owner = spawn(process.execPath, [fileURLToPath(import.meta.resolve('./embedded-owner.ts')), dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(createInterface(owner.stdout), 'line');
    const { url, pid } = JSON.parse(String(line));
    return {
      url,
      pid,
      async kill() {
        owner.kill('SIGKILL');
        await once(owner, 'exit');
      },
    };
  }

  test.runIf(process.platform === 'linux')('the server shuts down in order', async () => {
    const owner = await killedOwner();
    await owner.kill();
    await until('the server has ended', async () => !isAlive(owner.pid));
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).toContain('database system is shut down');
  });

  test('the next start at once finds the data', async () => {
    const owner = await killedOwner();
    await query(owner.url, 'create table kept as select 42 as answer');
    await owner.kill();
    const second = await start({ ephemeral: true });
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });
});

describe.runIf(isRoot)('as root', () => {
  const ownerOf = (path: string) => statSync(path).uid;

  test('it runs as nobody where namespaces are refused, in a folder that nobody may enter', async () => {
    chmodSync(dataDir, 0o700);
    const server = await start({ runAs: 'nobody', ephemeral: true });
    const nobody = ownerOf(join(dataDir, 'data'));
    expect(nobody).not.toBe(0);
    expect(ownerOf(`/proc/${server.pid}`)).toBe(nobody);
    await query(server.url, 'create table kept as select 42 as answer');
  });

  test('data made in one way is served in the other', async () => {
    const first = await start({ runAs: 'nobody', ephemeral: true });
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    const second = await start({ ephemeral: true });
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
    await second.stop();
    const third = await start({ runAs: 'nobody', ephemeral: true });
    expect(await query(third.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });
});

test('where its package can’t be written, a copy in the data folder gets the symlinks', async () => {
  const installed = join(dataDir, 'installed');
  const copies = join(dataDir, 'copies');
  mkdirSync(join(installed, 'native', 'lib'), { recursive: true });
  mkdirSync(join(installed, 'native', 'bin'));
  mkdirSync(copies);
  chmodSync(copies, 0o777);
  chmodSync(dataDir, 0o755);
  writeFileSync(join(installed, 'package.json'), '{"version":"18.4"}');
  writeFileSync(join(installed, 'native', 'lib', 'libx.so.6.1'), 'library');
  const links = [{ source: 'native/lib/libx.so.6.1', target: 'native/lib/libx.so.6' }];
  writeFileSync(join(installed, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  chmodSync(join(installed, 'native', 'lib'), 0o555);

  const script = fileURLToPath(import.meta.resolve('./embedded-copy.ts'));
  // Root writes where it likes, so somebody else has to try.
  const as = isRoot ? { uid: 65534, gid: 65534 } : {};
  const child = spawn(process.execPath, [script, installed, copies], {
    ...as,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  expect(line).toBe(join(copies, 'postgres-18.4', 'native', 'bin', 'postgres'));
  expect(readlinkSync(join(copies, 'postgres-18.4', 'native', 'lib', 'libx.so.6'))).toBe('libx.so.6.1');
});
