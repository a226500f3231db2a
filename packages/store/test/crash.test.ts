import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, systemNow } from '@hearth/kit';
import { Client } from 'pg';
import { expect, test, vi } from 'vitest';
import { createStore, type DeploymentRow, migrate, type Store, startEmbeddedPostgres } from '../src/index.ts';
import { addRunnable } from './runnable.ts';
import { newPrediction, until } from './world.ts';

// It makes a cluster of its own; on a busy disk that takes a while.
vi.setConfig({ testTimeout: 90_000 });

/** Over a connection of its own: those of a pool may be dead and not know it yet. */
async function query<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client(url);
  // It may be cut off at any moment here; the query says so.
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}

/** Kills a process of the server, which takes that for corrupted memory: it ends all others and recovers from its log. */
async function crash(url: string): Promise<void> {
  const victim = new Client(url);
  victim.on('error', () => {});
  await victim.connect();
  const { rows } = await victim.query<{ pid: number; at: Date }>('select pg_backend_pid() as pid, now() as at');
  const [{ pid, at } = { pid: 0, at: new Date(0) }] = rows;
  expect(pid).toBeGreaterThan(1);
  process.kill(pid, 'SIGKILL');
  await until('the server to have recovered', async () => {
    const asked = query<{ is: boolean }>(url, 'select stats_reset > $1 as is from pg_stat_bgwriter', [at]);
    return asked.then(
      ([answer]) => answer?.is === true,
      () => false,
    );
  });
}

test('after a crash of one of its processes, what waited since before it skips an attempt, and nothing else does', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'hearth-crash-'));
  const server = await startEmbeddedPostgres({ dataDir, log: createLogger({ room: 'test', level: 'silent' }) });
  await migrate(server.url);
  const insertInto = async (store: Store, deployment: DeploymentRow) =>
    (await store.predictions.insert(newPrediction(deployment))).id;
  try {
    const before = await createStore({ url: server.url });
    const { deployment } = await addRunnable(before);
    const running = await insertInto(before, deployment);
    const instance = { id: 'instance', versionId: deployment.versionId, hardwareSku: 'cpu' };
    await before.predictions.claim({ predictionId: running, attempt: 0 }, instance, systemNow());
    // It waits for the disk, and the claim is on it then, too.
    const waiting = await insertInto(before, deployment);
    expect(await before.predictions.skipForgotten()).toBe(0);
    await before.close();
    await crash(server.url);

    const after = await createStore({ url: server.url });
    const later = await insertInto(after, deployment);
    expect(await after.predictions.skipForgotten()).toBe(1);
    const rows = await Promise.all([waiting, running, later].map((id) => after.predictions.get(id)));
    expect(rows.map((row) => row?.attempt)).toEqual([1, 1, 0]);
    await after.close();
  } finally {
    await server.stop();
    rmSync(dataDir, { recursive: true });
  }
});
