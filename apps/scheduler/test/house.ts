import { createLogger, newId, systemNow } from '@hearth/kit';
import { createTransport } from '@hearth/queue';
import { createStore, type DeploymentRow, type DeploymentScale, type InstanceRow } from '@hearth/store';
import { testDatabase } from '@hearth/testkit';
import { createSchedulerMetrics } from '../src/metrics.ts';
import { FakeRuntime } from '../src/runtime/fake.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { Runtimes } from '../src/runtimes.ts';
import { type Scheduler, startScheduler } from '../src/scheduler.ts';
import { VirtualClock } from './virtual-clock.ts';

const GIVE_UP_MS = 20_000;
export const KEEP_ALIVE_MS = 300_000;
export const SETUP_TIMEOUT_MS = 600_000;

/** A scheduler on a real Postgres, in virtual time, over a fake runtime; the test plays api and dispatcher. */
export async function openHouse() {
  const database = await testDatabase();
  const clock = new VirtualClock();
  const now = () => clock.now();
  const log = createLogger({ room: 'scheduler', level: 'silent' });
  const store = await createStore({ url: database.url, now });
  const transport = await createTransport({ postgresUrl: database.url }, { now: systemNow, log });
  const { bus } = transport;
  const runtime = new FakeRuntime('process', clock);
  const account = await store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' });
  await store.hosts.putHardware({
    sku: 'cpu',
    name: 'CPU',
    gpus: 0,
    vramMiB: 0,
    cpus: 0,
    memoryMiB: 1024,
    priceMicrosPerSecond: 100,
  });
  let running: Scheduler | null = null;
  let models = 0;

  const house = {
    store,
    bus,
    clock,
    runtime,
    async start(runtimes: readonly Runtime[] = [runtime]): Promise<Scheduler> {
      const all = new Runtimes(runtimes);
      running = await startScheduler({
        store,
        bus,
        clock,
        log,
        runtimes: all,
        metrics: createSchedulerMetrics(store, all),
        readHealth: runtime.readHealth,
        readSchema: async (address) => {
          const health = await runtime.readHealth(address);
          return health?.status === 'READY' ? { openapiSchema: { openapi: '3.0.2' }, cogVersion: '0.16.12' } : null;
        },
        callbackPort: 7601,
        setupTimeoutMs: SETUP_TIMEOUT_MS,
      });
      return running;
    },
    /** A deployment of a new model, whose folder is `/<name>`. */
    async deploy(name: string, scale: Partial<DeploymentScale> & { slots?: number } = {}): Promise<DeploymentRow> {
      const { slots = 1, ...rest } = scale;
      const model = await store.models.insert({
        owner: 'ada',
        name,
        description: null,
        visibility: 'private',
        hardwareSku: 'cpu',
        githubUrl: null,
        paperUrl: null,
        licenseUrl: null,
        coverImageUrl: null,
      });
      if (model === 'taken') throw new Error(`there is a model ${name} already`);
      const version = await store.models.insertVersion({
        id: String(++models).padStart(64, '0'),
        modelId: model.id,
        source: { kind: 'path', path: `/${name}`, command: ['serve'], env: {} },
        runtime: 'process',
        openapiSchema: {},
        cogVersion: '0.16.12',
        slots,
      });
      const row = await store.deployments.insert({
        owner: 'ada',
        name,
        modelId: model.id,
        versionId: version.id,
        hardwareSku: 'cpu',
        minInstances: 0,
        maxInstances: 3,
        keepAliveMs: KEEP_ALIVE_MS,
        ...rest,
      });
      if (row === 'taken') throw new Error(`there is a deployment ${name} already`);
      return row;
    },
    /** As the api does: a row, then a poke. */
    async predict(deployment: DeploymentRow): Promise<string> {
      const id = newId(clock.now());
      await store.predictions.insert({
        id,
        accountId: account.id,
        model: deployment.model,
        versionId: deployment.versionId,
        deploymentId: deployment.id,
        deployment: `${deployment.owner}/${deployment.name}`,
        hardwareSku: deployment.hardwareSku,
        input: {},
        source: 'api',
        webhook: null,
        webhookEventsFilter: null,
        createdAt: clock.now(),
        deadlineAt: null,
      });
      bus.poke('scheduler');
      return id;
    },
    /** As the dispatcher does: claims it for the instance. */
    async claim(predictionId: string, instance: InstanceRow): Promise<void> {
      const claimed = await store.predictions.claim({ predictionId, attempt: 0 }, instance, clock.now());
      if (claimed === null) throw new Error(`${predictionId} could not be claimed`);
    },
    /** As the dispatcher does: the result, then when the instance was last used. */
    async finish(predictionId: string, instance: InstanceRow): Promise<void> {
      const end = { status: 'succeeded', output: 1, completedAt: clock.now() } as const;
      if ((await store.predictions.finish(predictionId, 1, end, null)) === null) throw new Error('not finished');
      await store.consumers.used([{ instanceId: instance.id, lastUsedAt: clock.now() }]);
      bus.poke('scheduler');
    },
    /** Moves time on, a little after each look, until `look` answers something. */
    async until<T>(what: string, look: () => Promise<T | null | undefined | false>, stepMs = 10): Promise<T> {
      const giveUpAt = performance.now() + GIVE_UP_MS;
      while (performance.now() < giveUpAt) {
        const seen = await look();
        if (seen) return seen;
        clock.advance(stepMs);
      }
      throw new Error(`waited in vain for ${what}`);
    },
    async instances(deployment: DeploymentRow): Promise<InstanceRow[]> {
      return store.instances.list({ limit: 100, deploymentId: deployment.id });
    },
    /** The newest instance of a deployment, once it is in that state. */
    inState(deployment: DeploymentRow, state: InstanceRow['state']): Promise<InstanceRow> {
      return house.until(`an instance of ${deployment.name} to be ${state}`, async () => {
        const rows = await house.instances(deployment);
        return rows.find((row) => row.state === state);
      });
    },
    async close(): Promise<void> {
      await running?.close();
      await transport.close();
      await store.close();
      await database.close();
    },
  };
  return house;
}

export type TestHouse = Awaited<ReturnType<typeof openHouse>>;
