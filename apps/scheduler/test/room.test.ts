import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@hearth/kit';
import { createStore, type InstanceRow, migrate, type Store } from '@hearth/store';
import { runSql, type TestDatabase, testDatabase } from '@hearth/testkit';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const PATIENCE = { timeout: 30_000, interval: 25 };

let database: TestDatabase;
let store: Store;
let dataDir: string;
let port: number;
let main: ChildProcess;

beforeEach(async () => {
  database = await testDatabase();
  store = await createStore({ url: database.url });
  dataDir = await mkdtemp(join(tmpdir(), 'hearth-room-'));
  port = await freePort();
});
afterEach(async () => {
  if (main.exitCode === null && main.signalCode === null) {
    main.kill('SIGTERM');
    await once(main, 'exit');
  }
  expect(await readdir(join(dataDir, 'instances')).catch(() => [])).toEqual([]);
  await store.close();
  await database.close();
  await rm(dataDir, { recursive: true });
});

function start(env: Record<string, string> = {}): void {
  main = spawn(process.execPath, [MAIN], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      DATABASE_URL: database.url,
      HEARTH_DATA_DIR: dataDir,
      HEARTH_SCHEDULER_PORT: String(port),
      HEARTH_STOP_INSTANCES_ON_EXIT: 'true',
      // As on a machine where no engine answers.
      DOCKER_HOST: `unix://${dataDir}/docker.sock`,
      ...env,
    },
  });
}

const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`);
const untilLeading = () =>
  vi.waitFor(async () => expect(await (await get('/health')).json()).toEqual({ status: 'leading' }), PATIENCE);

/** A deployment that always keeps one instance, of the contract suite's server. */
async function deploy(): Promise<string> {
  const hardware = {
    sku: 'cpu',
    name: 'CPU',
    gpus: 0,
    vramMiB: 0,
    cpus: 0,
    memoryMiB: 256,
    priceMicrosPerSecond: 1,
    gpuShareMiB: 0,
    gpuType: null,
    labels: {},
    fallback: [],
  };
  await store.hosts.putHardware(hardware);
  const texts = { description: null, githubUrl: null, paperUrl: null, licenseUrl: null, coverImageUrl: null };
  const model = await store.models.insert({
    owner: 'ada',
    name: 'm',
    visibility: 'private',
    hardwareSku: 'cpu',
    ...texts,
  });
  if (model === 'taken') throw new Error('the database is not fresh');
  const version = await store.models.insertVersion({
    id: 'a'.repeat(64),
    modelId: model.id,
    source: { kind: 'path', path: import.meta.dirname, command: ['node', 'model-server.ts'], env: {} },
    runtime: 'process',
    openapiSchema: {},
    cogVersion: '0.16.12',
    slots: 1,
  });
  const scale = { minInstances: 1, maxInstances: 1, keepAlive: { kind: 'fixed', ms: 1_000 } as const };
  const names = { owner: 'ada', name: 'm', modelId: model.id, versionId: version.id, hardwareSku: 'cpu' };
  const deployment = await store.deployments.insert({ ...names, ...scale });
  if (deployment === 'taken') throw new Error('the database is not fresh');
  return deployment.id;
}
const untilReady = (deploymentId: string): Promise<InstanceRow> =>
  vi.waitFor(async () => {
    const ready = (await store.instances.list({ limit: 10, deploymentId })).find((row) => row.state === 'ready');
    if (ready === undefined) throw new Error('no instance is ready');
    return ready;
  }, PATIENCE);

it('is killed with -9, comes back, adopts the instance, and on SIGTERM ends it', async () => {
  const deployment = await deploy();
  start();
  const before = await untilReady(deployment);
  const hosts = await store.hosts.list();
  expect(hosts).toMatchObject([{ id: 'local', runtimes: ['process'] }]);
  expect(hosts[0]?.runtimeNotes.docker).toContain('No Docker Engine answers');

  main.kill('SIGKILL');
  await once(main, 'exit');
  const alive = await fetch(`${before.address}/health-check`);
  expect(await alive.json()).toMatchObject({ status: 'READY' });

  start();
  await untilLeading();
  expect(await store.instances.list({ limit: 10 })).toMatchObject([{ id: before.id, state: 'ready' }]);

  main.kill('SIGTERM');
  const [code] = await once(main, 'exit');
  expect(code).toBe(0);
  expect(await store.instances.get(before.id)).toMatchObject({ state: 'stopped', reason: 'Hearth was shut down.' });
  await expect(fetch(`${before.address}/health-check`)).rejects.toThrow('fetch failed');
});

it('leaves instances running unless told otherwise, for the next one to adopt', async () => {
  const deployment = await deploy();
  start({ HEARTH_STOP_INSTANCES_ON_EXIT: 'false' });
  const { id, address } = await untilReady(deployment);
  main.kill('SIGTERM');
  await once(main, 'exit');
  expect((await fetch(`${address}/health-check`)).status).toBe(200);
  start();
  await untilLeading();
  expect(await store.instances.get(id)).toMatchObject({ state: 'ready' });
});

it('stands by while another leads, and takes over', async () => {
  start();
  await untilLeading();
  const first = main;
  const firstPort = port;
  port = await freePort();
  start();
  await vi.waitFor(async () => expect(await (await get('/health')).json()).toEqual({ status: 'standby' }), PATIENCE);
  first.kill('SIGKILL');
  await untilLeading();
  expect(port).not.toBe(firstPort);
});

it('brings a database of an earlier version to its own, because it is the first that an upgrade restarts', async () => {
  const older = new URL(database.url);
  older.pathname += '_older';
  await runSql(database.url, `create database ${older.pathname.slice(1)}`);
  try {
    await migrate(older.href, '0029-budgets');
    start({ DATABASE_URL: older.href });
    await untilLeading();
    main.kill('SIGTERM');
    await once(main, 'exit');
  } finally {
    await runSql(database.url, `drop database ${older.pathname.slice(1)} with (force)`);
  }
});

it('tells its figures and the logs of an instance', async () => {
  const deployment = await deploy();
  start();
  const { id } = await untilReady(deployment);
  expect(await (await get(`/instances/${id}/logs?tail=1`)).text()).toBe('setup: ok');
  expect((await get('/instances/nobody/logs')).status).toBe(404);
  const refused = await get(`/instances/${id}/logs?tail=0`);
  expect([refused.status, await refused.text()]).toEqual([400, 'tail is "0"; allowed: a whole number from 1 to 10000']);
  const figures = await (await get('/metrics')).text();
  expect(figures).toContain('hearth_instances{state="ready",room="scheduler"} 1');
  expect(figures).toContain('hearth_boot_seconds_count{room="scheduler"} 1');
  expect(figures).toMatch(new RegExp(`hearth_instance_memory_bytes\\{instance="${id}",room="scheduler"\\} [1-9]`));
});
