import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, systemNow } from '@hearth/kit';
import { Client } from 'pg';
import { expect, test, vi } from 'vitest';
import { createStore, migrate, startEmbeddedPostgres } from '../src/index.ts';
import { addRunnable } from './runnable.ts';
import { newPrediction, until } from './world.ts';

// It makes a cluster of its own; on a busy disk that takes a while.
vi.setConfig({ testTimeout: 90_000 });

test('after a crash of one of its processes, what waited since before it skips an attempt, and nothing else does', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'hearth-crash-'));
  const server = await startEmbeddedPostgres({ dataDir, log: createLogger({ room: 'test', level: 'silent' }) });
  await migrate(server.url);
  const store = await createStore({ url: server.url });
  try {
    const { deployment } = await addRunnable(store);
    const insert = async () => (await store.predictions.insert(newPrediction(deployment))).id;
    const attemptOf = async (id: string) => (await store.predictions.get(id))?.attempt;
    const running = await insert();
    const instance = { id: 'instance', versionId: deployment.versionId, hardwareSku: 'cpu' };
    await store.predictions.claim({ predictionId: running, attempt: 0 }, instance, systemNow());
    // It waits for the disk, and the claim is on it then, too.
    const before = await insert();
    expect(await store.predictions.skipForgotten()).toBe(0);

    // Postgres takes this for corrupted memory: it ends all connections and recovers from its log.
    const victim = new Client(server.url);
    victim.on('error', () => {});
    await victim.connect();
    const gone = new Promise<void>((resolve) => victim.once('end', () => resolve()));
    const { rows } = await victim.query<{ pid: number }>('select pg_backend_pid() as pid');
    process.kill(Number(rows[0]?.pid), 'SIGKILL');
    await gone;
    await until('the server to be back', () =>
      store.predictions.get(before).then(
        (row) => row !== null,
        () => false,
      ),
    );
    const after = await insert();

    expect(await store.predictions.skipForgotten()).toBe(1);
    expect(await Promise.all([before, running, after].map(attemptOf))).toEqual([1, 1, 0]);
  } finally {
    await store.close();
    await server.stop();
    rmSync(dataDir, { recursive: true });
  }
});
