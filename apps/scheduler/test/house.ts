import { setImmediate } from 'node:timers/promises';
import type { Device, Hardware } from '@hearth/core';
import { createLogger, newId, systemNow } from '@hearth/kit';
import { createTransport, type Transport } from '@hearth/queue';
import {
  type AccountRow,
  createStore,
  type DeploymentRow,
  type DeploymentScale,
  type InstanceRow,
  type Store,
} from '@hearth/store';
import { type TestDatabase, testDatabase } from '@hearth/testkit';
import type { OpenHost } from '../src/hosts/open-host.ts';
import type { ImageSettings } from '../src/image-care.ts';
import { createSchedulerMetrics } from '../src/metrics.ts';
import type { Health } from '../src/readiness.ts';
import { FakeRuntime } from '../src/runtime/fake.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import { Runtimes } from '../src/runtimes.ts';
import { type Scheduler, startScheduler } from '../src/scheduler.ts';
import { VirtualClock } from './virtual-clock.ts';

const GIVE_UP_MS = 20_000;
export const KEEP_ALIVE_MS = 300_000;
export const SETUP_TIMEOUT_MS = 600_000;

const log = createLogger({ room: 'scheduler', level: 'silent' });

/** A scheduler on a real Postgres, in virtual time, over a fake runtime; the test plays api and dispatcher. */
export async function openHouse(): Promise<TestHouse> {
  const database = await testDatabase();
  const clock = new VirtualClock();
  const store = await createStore({ url: database.url, now: () => clock.now() });
  const transport = await createTransport({ postgresUrl: database.url }, { now: systemNow, log });
  const account = await store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' });
  const house = new TestHouse(database, clock, store, transport, account);
  await house.defineHardware('cpu', 1024);
  return house;
}

export class TestHouse {
  readonly clock: VirtualClock;
  readonly store: Store;
  readonly bus: Transport['bus'];
  readonly runtime: FakeRuntime;
  /** What the schedulers are told of themselves. */
  isLeading = true;
  /** What the scheduler was started with on this machine. */
  #started: readonly FakeRuntime[] = [];
  /** Hosts beside this machine. */
  readonly #hosts = new Map<string, FakeRuntime>();
  /** By default no image is fetched ahead, and none is removed. */
  images: ImageSettings = { imageCopies: 0, diskFloorBytes: 0 };
  /** The GPUs of this machine. */
  devices: readonly Device[] = [];
  readonly #database: TestDatabase;
  readonly #transport: Transport;
  readonly #account: AccountRow;
  #scheduler: Scheduler | null = null;
  #versions = 0;

  constructor(database: TestDatabase, clock: VirtualClock, store: Store, transport: Transport, account: AccountRow) {
    this.#database = database;
    this.clock = clock;
    this.store = store;
    this.#transport = transport;
    this.bus = transport.bus;
    this.#account = account;
    this.runtime = new FakeRuntime('process', clock);
  }

  defineHardware(sku: string, memoryMiB: number, over: Partial<Hardware> = {}): Promise<void> {
    const rest = {
      name: sku,
      gpus: 0,
      vramMiB: 0,
      cpus: 0,
      priceMicrosPerSecond: 100,
      gpuShareMiB: 0,
      gpuType: null,
      labels: {},
      fallback: [],
    };
    return this.store.hosts.putHardware({ sku, memoryMiB, ...rest, ...over });
  }

  async start(runtimes: readonly Runtime[] = [this.runtime]): Promise<Scheduler> {
    const { store, bus, clock } = this;
    this.#started = runtimes.filter((runtime) => runtime instanceof FakeRuntime);
    const all = new Runtimes(runtimes);
    this.#scheduler = await startScheduler({
      store,
      bus,
      clock,
      log,
      runtimes: all,
      local: { runtimes, devices: async () => [...this.devices], check: async () => [] },
      openHost: ({ id }) => this.#openHost(id),
      metrics: createSchedulerMetrics(store, all),
      readHealth: (address) => this.#readHealth(address),
      readSchema: async (address) => {
        const health = await this.#readHealth(address);
        return health?.status === 'READY' ? { openapiSchema: { openapi: '3.0.2' }, cogVersion: '0.16.12' } : null;
      },
      callbackPort: 7601,
      setupTimeoutMs: SETUP_TIMEOUT_MS,
      images: this.images,
      isLeading: () => this.isLeading,
    });
    return this.#scheduler;
  }

  /** As the api does: another machine, which runs folders too. Models are defined on it by the test. */
  async addHost(id: string): Promise<FakeRuntime> {
    const runtime = new FakeRuntime('process', this.clock, id);
    this.#hosts.set(id, runtime);
    const ssh = { identity: null, knownHosts: null };
    const own = { address: null, bindAddress: null, callbackHost: null };
    const added = await this.store.hosts.add(
      id,
      {
        name: id,
        labels: {},
        connection: { url: `tcp://${id}:2375`, tls: null, ssh, ...own },
        declared: { devices: null, memoryMiB: null, cpus: null },
        cordoned: false,
        draining: false,
      },
      this.clock.now(),
    );
    if (added === 'taken') throw new Error(`there is a host ${id} already`);
    this.bus.poke('scheduler');
    return runtime;
  }

  #openHost(id: string): OpenHost {
    const runtime = this.#hosts.get(id);
    if (runtime === undefined) throw new Error(`there is no host ${id}`);
    return { runtimes: [runtime], devices: async () => [], check: async () => [] };
  }

  async #readHealth(address: string): Promise<Health | null> {
    const said = await Promise.all(
      [this.runtime, ...this.#started, ...this.#hosts.values()].map((one) => one.readHealth(address)),
    );
    return said.find((health) => health !== null) ?? null;
  }

  /** A deployment of a new model, of an image or of the folder `/<name>`. */
  async deploy(
    name: string,
    scale: Partial<DeploymentScale> & { slots?: number; hardwareSku?: string; image?: string } = {},
  ): Promise<DeploymentRow> {
    const { slots = 1, image, ...rest } = scale;
    const texts = { description: null, githubUrl: null, paperUrl: null, licenseUrl: null, coverImageUrl: null };
    const facts = { owner: 'ada', name, visibility: 'private', hardwareSku: 'cpu', ...texts } as const;
    const model = await this.store.models.insert(facts);
    if (model === 'taken') throw new Error(`there is a model ${name} already`);
    const version = await this.store.models.insertVersion({
      id: String(++this.#versions).padStart(64, '0'),
      modelId: model.id,
      source:
        image === undefined
          ? { kind: 'path', path: `/${name}`, command: ['serve'], env: {} }
          : { kind: 'image', image },
      runtime: image === undefined ? 'process' : 'docker',
      openapiSchema: {},
      cogVersion: '0.16.12',
      slots,
    });
    const row = await this.store.deployments.insert({
      owner: 'ada',
      name,
      modelId: model.id,
      versionId: version.id,
      hardwareSku: 'cpu',
      minInstances: 0,
      maxInstances: 3,
      keepAlive: { kind: 'fixed', ms: KEEP_ALIVE_MS },
      ...rest,
    });
    if (row === 'taken') throw new Error(`there is a deployment ${name} already`);
    return row;
  }

  /** As the api does: a row, then a poke. */
  async predict(deployment: DeploymentRow): Promise<string> {
    const id = newId(this.clock.now());
    await this.store.predictions.insert({
      id,
      accountId: this.#account.id,
      model: deployment.model,
      versionId: deployment.versionId,
      deploymentId: deployment.id,
      deployment: `${deployment.owner}/${deployment.name}`,
      hardwareSku: deployment.hardwareSku,
      input: {},
      source: 'api',
      webhook: null,
      webhookEventsFilter: null,
      createdAt: this.clock.now(),
      deadlineAt: null,
      kind: 'prediction',
      destination: null,
      streamsFiles: false,
    });
    this.bus.poke('scheduler');
    return id;
  }

  /** As the dispatcher does: claims it for the instance. */
  async claim(predictionId: string, instance: InstanceRow): Promise<void> {
    const claimed = await this.store.predictions.claim({ predictionId, attempt: 0 }, instance, this.clock.now());
    if (claimed === null) throw new Error(`${predictionId} could not be claimed`);
  }

  /** As the dispatcher does: the result, then when the instance was last used. */
  async finish(predictionId: string, instance: InstanceRow): Promise<void> {
    const end = { status: 'succeeded', output: 1, completedAt: this.clock.now() } as const;
    const finished = await this.store.predictions.finish(predictionId, 1, end, null);
    if (finished === null) throw new Error(`${predictionId} could not be finished`);
    await this.store.consumers.used([{ instanceId: instance.id, lastUsedAt: this.clock.now(), taken: [] }]);
    this.bus.poke('scheduler');
  }

  /** As the dispatcher does once it has closed a draining instance's consumer. */
  async closeIntake(instance: InstanceRow): Promise<void> {
    await this.store.consumers.intakeClosed(instance.id);
    this.bus.poke('scheduler');
  }

  /** Moves time on, a little after each look, until `look` answers something. */
  async until<T>(what: string, look: () => Promise<T | null | undefined | false>, stepMs = 10): Promise<T> {
    const giveUpAt = performance.now() + GIVE_UP_MS;
    while (performance.now() < giveUpAt) {
      const seen = await look();
      if (seen) return seen;
      // A look that reads nothing from outside would keep the database from being heard.
      await setImmediate();
      this.clock.advance(stepMs);
    }
    throw new Error(`waited in vain for ${what}`);
  }

  /** Newest first. */
  instances(deployment: DeploymentRow): Promise<InstanceRow[]> {
    return this.store.instances.list({ limit: 100, deploymentId: deployment.id });
  }

  /** The newest instance of a deployment that is in that state, once there is one. */
  inState(deployment: DeploymentRow, state: InstanceRow['state']): Promise<InstanceRow> {
    return this.until(`an instance of ${deployment.name} to be ${state}`, async () => {
      const rows = await this.instances(deployment);
      return rows.find((row) => row.state === state);
    });
  }

  async close(): Promise<void> {
    await this.#scheduler?.close();
    await this.#transport.close();
    await this.store.close();
    await this.#database.close();
  }
}
