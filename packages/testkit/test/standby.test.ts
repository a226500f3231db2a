import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@hearth/kit';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../src/house.ts';
import { type TestDatabase, testDatabase } from '../src/postgres.ts';

let database: TestDatabase;
let folder: string;
const children: ChildProcess[] = [];
beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'hearth-standby-'));
});
afterAll(async () => {
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(running.map((child) => once(child, 'exit')));
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

/** One server of Hearth by itself, as on a machine of its own. */
async function startServer(room: 'scheduler' | 'dispatcher') {
  const [port, callbackPort] = [await freePort(), await freePort()];
  const main = fileURLToPath(new URL(`../../../apps/${room}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      HEARTH_DATA_DIR: folder,
      HEARTH_RUNTIME: 'process',
      HEARTH_SCHEDULER_PORT: String(port),
      HEARTH_CALLBACK_PORT: String(callbackPort),
      LOG_LEVEL: 'silent',
    },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  children.push(child);
  const url = `http://127.0.0.1:${room === 'scheduler' ? port : callbackPort}/health`;
  const health = async (): Promise<{ status?: string } | null> => {
    try {
      return (await (await fetch(url, { signal: AbortSignal.timeout(1_000) })).json()) as { status?: string };
    } catch {
      // It does not listen, or is paused.
      return null;
    }
  };
  return { child, health };
}

test('a second scheduler leads within 10 s of a pause of the first, which ends when it goes on', async () => {
  const first = await startServer('scheduler');
  await eventually('the first to lead', async () => (await first.health())?.status === 'leading');
  const second = await startServer('scheduler');
  await eventually('the second to stand by', async () => (await second.health())?.status === 'standby');
  first.child.kill('SIGSTOP');
  await eventually('the second to lead', async () => (await second.health())?.status === 'leading', 10_000);
  const ended = once(first.child, 'exit');
  first.child.kill('SIGCONT');
  expect(await ended).toEqual([1, null]);
  expect(await second.health()).toEqual({ status: 'leading' });
}, 90_000);

test('a second dispatcher serves within 10 s of a pause of the first, which stands by when it goes on', async () => {
  const first = await startServer('dispatcher');
  await eventually('the first to serve', async () => (await first.health()) !== null);
  const second = await startServer('dispatcher');
  await eventually('the second to wait for the lock', async () => (await waiting()) === 1);
  first.child.kill('SIGSTOP');
  await eventually('the second to serve', async () => (await second.health()) !== null, 10_000);
  first.child.kill('SIGCONT');
  await eventually('the first to stand by', async () => (await waiting()) === 1 && (await first.health()) === null);
  expect(await second.health()).not.toBeNull();
}, 90_000);

async function waiting(): Promise<number> {
  const client = new Client(database.url);
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) from pg_locks where locktype = 'advisory' and objsubid = 2 and objid = 2 and not granted
        and database = (select oid from pg_database where datname = current_database())`,
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
