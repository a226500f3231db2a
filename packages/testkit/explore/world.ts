import { holdFor } from '@hearth/core';
import { createLogger, type Logger, newId } from '@hearth/kit';
import { type Random, seeded } from '@hearth/sim';
import type { DeploymentRow, NewPrediction } from '@hearth/store';
import { createMemoryStore, type MemoryStore } from '../src/memory-store/memory-store.ts';
import { MemoryBroker } from '../src/memory-transport/memory-broker.ts';
import { Incarnation } from './incarnation.ts';
import {
  checkContainers,
  checkEnd,
  checkInstance,
  checkPrediction,
  checkStopped,
  checkTaken,
  checkTold,
  stillOpen,
  Violation,
} from './invariants.ts';
import type { ModelRun } from './model-servers.ts';
import { SimulatedNetwork, WatchedRuntime } from './network.ts';
import type { PlannedPrediction, Room, Scenario } from './scenario.ts';
import { type Serving, serveDispatcher, serveScheduler, TIMINGS } from './servers.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

const STARTS_AT = 1_700_000_000_000;
const FAR_HOST = 'far';
/** Room for two instances on this machine, and for three on the far one. */
const INSTANCE_MIB = 6_000;
const FAR_MIB = 20_000;
const GPUS = ['GPU-1', 'GPU-2'];
const LOCK_MS = 30_000;
/** What the api takes a run to last before it knows better. */
const EXPECTED_RUN_MS = 5_000;
const PRICE_MICROS_PER_SECOND = 1_000;

type Server = { readonly who: Incarnation; serving: Serving | null };

/** A whole Hearth in one process: the real scheduler and dispatcher, and everything else in memory and virtual time. */
export class World {
  readonly scenario: Scenario;
  readonly time = new VirtualTime(STARTS_AT);
  readonly trace: Trace;
  readonly memory: MemoryStore;
  readonly broker: MemoryBroker;
  readonly network: SimulatedNetwork;
  readonly runtimes: readonly [WatchedRuntime, ...WatchedRuntime[]];
  readonly random: Random;
  /** All incarnations of each room, in order. */
  readonly incarnations: Record<Room, Incarnation[]> = { scheduler: [], dispatcher: [] };
  readonly servers: Record<Room, Server | null> = { scheduler: null, dispatcher: null };
  readonly #runs = new Map<string, ModelRun>();
  readonly #delivered = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  readonly #accepted = new Set<string>();
  readonly #lostHosts = new Set<string>();
  readonly #log: Logger;
  readonly deployments: DeploymentRow[] = [];
  readonly accounts: string[] = [];
  /** When a room that died comes back. */
  backAfterMs = 500;
  violation: Violation | null = null;

  constructor(scenario: Scenario, keptEvents: number) {
    this.scenario = scenario;
    this.trace = new Trace(this.time.now, keptEvents);
    this.random = seeded(scenario.seed + 1);
    this.memory = createMemoryStore({ now: this.time.now });
    this.broker = new MemoryBroker({
      clock: { after: (ms, callback) => this.time.after(ms, callback, null) },
      lockMs: LOCK_MS,
    });
    this.network = new SimulatedNetwork(this.time, (url, body) => this.#receive(url, body));
    const own = this.#runtimeOf('local');
    this.runtimes = scenario.farHost ? [own, this.#runtimeOf(FAR_HOST)] : [own];
    this.#log = tracingLogger(this.trace);
    this.#watch();
  }

  /** Notes the first broken promise; the run is over with it. */
  note(error: unknown): void {
    if (this.violation) return;
    this.violation = error instanceof Violation ? error : new Violation('no room breaks', String(error));
    this.trace.note('invariant', this.violation.message);
  }

  async setUp(): Promise<void> {
    const { store } = this.memory;
    const rest = { vramMiB: 0, cpus: 0, gpuShareMiB: 0, gpuType: null, labels: {}, fallback: [] };
    const hardware = { memoryMiB: INSTANCE_MIB, priceMicrosPerSecond: PRICE_MICROS_PER_SECOND, ...rest };
    await store.hosts.putHardware({ sku: 'cpu', name: 'cpu', gpus: 0, ...hardware });
    await store.hosts.putHardware({ sku: 'gpu', name: 'gpu', gpus: 1, ...hardware, vramMiB: 1 });
    for (const username of ['ada', 'bob'])
      this.accounts.push((await store.accounts.ensure({ type: 'user', username, name: username })).id);
    await store.accounts.setShare('bob', { maxInFlight: this.scenario.maxInFlight });
    if (this.scenario.farHost) await this.#addFarHost();
    for (const n of this.scenario.deployments.keys()) this.deployments.push(await this.#deploy(n));
  }

  /** Starts the next incarnation of a room, which leads. */
  launch(room: Room): void {
    const count = this.incarnations[room].length;
    const who = new Incarnation({
      name: `${room}-${count + 1}`,
      time: this.time,
      breakpoints: this.scenario.breakpoints[room][count] ?? [],
      latencyMs: () => this.#latencyMs(),
      trace: this.trace.note,
      died: () => this.#died(room, who),
    });
    this.incarnations[room].push(who);
    const server: Server = { who, serving: null };
    this.servers[room] = server;
    this.trace.note(who.name, 'starts');
    const ports = { store: this.memory.store, broker: this.broker, time: this.time, log: this.#log };
    const serving = who.run(() =>
      room === 'scheduler'
        ? serveScheduler(who, ports, this.runtimes)
        : serveDispatcher(
            who,
            ports,
            this.network.of(who, (id) => !this.#isCutOff(id)),
          ),
    );
    serving.then(
      (started) => {
        server.serving = started;
      },
      (error: unknown) => who.die(`it could not start: ${String(error)}`),
    );
  }

  /** As the api does: a row, a ticket, a poke. */
  async predict(planned: PlannedPrediction): Promise<void> {
    const { store } = this.memory;
    const row = await store.predictions.insert(this.#newPrediction(planned));
    this.#accepted.add(row.id);
    this.trace.note('client', `made ${row.id}: ${JSON.stringify(planned.behavior)}`);
    if (planned.cancelAt !== null)
      this.time.after(planned.cancelAt - planned.at, () => void this.#cancel(row.id), null);
    if (planned.isOrphaned) return;
    const { queues, bus } = this.broker.open();
    if (!row.held) await queues.enqueue(row.deploymentId, { predictionId: row.id, attempt: 0 }, row.priority);
    bus.poke('scheduler');
    if (row.held) bus.poke('dispatcher');
  }

  /** A container ends by itself, or is made to. */
  endContainer(instanceId: string, how: 'crash' | 'oom' | 'vanish'): void {
    const runtime = this.runtimes.find((one) => one.specOf(instanceId) !== null);
    if (runtime === undefined) return;
    this.trace.note(instanceId, `its container ends: ${how}`);
    if (how === 'vanish') runtime.vanish(instanceId);
    else runtime.end(instanceId, how === 'oom' ? { signal: 'SIGKILL', outOfMemory: true } : { exitCode: 1 });
    this.network.serverOf(instanceId)?.end();
  }

  loseHost(how: 'hangs' | 'refuses'): WatchedRuntime | null {
    const far = this.runtimes[1];
    if (far === undefined) return null;
    this.trace.note(far.hostId, `is lost: it ${how}`);
    this.#lostHosts.add(far.hostId);
    far.lose(how);
    return far;
  }

  restoreHost(far: WatchedRuntime): void {
    this.trace.note(far.hostId, 'answers again');
    this.#lostHosts.delete(far.hostId);
    far.restore();
  }

  /** Null where nothing is left to come. */
  get open(): ReturnType<typeof stillOpen> {
    if (this.#accepted.size < this.scenario.predictions.length)
      return { invariant: 'every prediction ends', what: 'not all predictions were made yet' };
    return stillOpen(this.memory.tables, this.#containers);
  }

  /** What runs anywhere, whatever the rows say. */
  get #containers(): readonly string[] {
    return this.network.servers.map(({ spec }) => spec.instanceId);
  }

  checkEnd(): void {
    const truth = {
      runs: this.#runs,
      delivered: this.#delivered,
      accepted: this.#accepted,
      sent: this.network.sent,
    };
    this.#guard(() => checkEnd(this.memory.tables, truth));
  }

  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.note(error);
    }
  }

  #watch(): void {
    const { tables } = this.memory;
    tables.predictions.watch = (before, after) => this.#guard(() => checkPrediction(before, after));
    tables.instances.watch = (before, after) =>
      this.#guard(() => checkInstance(before, after, tables, this.#containers));
  }

  #died(room: Room, who: Incarnation): void {
    if (this.servers[room]?.who !== who) return;
    this.servers[room] = null;
    this.time.after(this.backAfterMs, () => this.servers[room] ?? this.launch(room), null);
  }

  #runtimeOf(hostId: string): WatchedRuntime {
    const runtime: WatchedRuntime = new WatchedRuntime(hostId, this.time, {
      started: (spec, address) => {
        this.network.add(address, spec, {
          time: this.time,
          random: this.random,
          trace: this.trace.note,
          took: (run) => {
            this.#guard(() => checkTaken(run, this.#runs));
            this.#runs.set(run.cogId, run);
          },
          crash: (id) => this.endContainer(id, 'oom'),
          isCutOff: (id) => this.#isCutOff(id),
        });
        const running = this.network.servers.filter((server) => runtime.specOf(server.spec.instanceId) !== null);
        const heldMiB = running.map((server) => server.spec.memoryMiB);
        this.#guard(() => checkContainers(hostId, heldMiB, this.memory.tables));
      },
      stops: (id) => {
        this.#guard(() => checkStopped(id, this.memory.tables));
      },
    });
    runtime.events({
      exited: ({ instanceId }) => this.network.serverOf(instanceId)?.end(),
      gap: () => {},
    });
    for (const [n, { setupMs, setup }] of this.scenario.deployments.entries())
      runtime.define(`/model-${n}`, { setupMs, setup });
    return runtime;
  }

  #isCutOff(instanceId: string): boolean {
    const hostId = this.memory.tables.instances.get(instanceId)?.hostId ?? '';
    return this.#lostHosts.has(hostId);
  }

  #latencyMs(): number {
    const { latency } = this.scenario;
    const draw = this.random();
    if (latency === 'none' || draw < 0.5) return 0;
    if (draw < 0.93) return Math.ceil(this.random() * 5);
    if (draw < 0.995) return Math.ceil(this.random() * (latency === 'slow' ? 800 : 60));
    return Math.ceil(this.random() * (latency === 'slow' ? 6_000 : 1_500));
  }

  /** `https://receiver.test/<prediction>/<refusals>`: refuses so often before it takes a message. */
  #receive(url: string, body: string): number {
    const refusals = Number(new URL(url).pathname.split('/')[1]);
    const { id, status } = JSON.parse(body) as { id: string; status: string };
    if (status === 'starting' || status === 'processing') return 200;
    this.#guard(() => checkTold({ id, status }, this.memory.tables));
    const refused = this.#refused.get(id) ?? 0;
    this.#refused.set(id, refused + 1);
    if (refused < refusals) return 503;
    this.#delivered.set(id, (this.#delivered.get(id) ?? 0) + 1);
    return 200;
  }

  async #cancel(id: string): Promise<void> {
    this.trace.note('client', `cancels ${id}`);
    await this.memory.store.predictions.requestCancel(id, this.time.now());
    this.broker.open().bus.poke('dispatcher');
  }

  async #addFarHost(): Promise<void> {
    const ways = { address: null, bindAddress: null, callbackHost: null };
    const ssh = { identity: null, knownHosts: null };
    const devices = GPUS.map((id) => ({ id, name: 'A GPU', vramMiB: 24_000 }));
    const settings = {
      name: FAR_HOST,
      labels: {},
      connection: { url: 'tcp://far:2375', tls: null, ssh, ...ways },
      declared: { devices, memoryMiB: FAR_MIB, cpus: null },
      cordoned: false,
      draining: false,
    };
    await this.memory.store.hosts.add(FAR_HOST, settings, this.time.now());
  }

  async #deploy(n: number): Promise<DeploymentRow> {
    const planned = this.scenario.deployments[n];
    if (planned === undefined) throw new RangeError(`there is no deployment ${n}`);
    const { store } = this.memory;
    const texts = { description: null, githubUrl: null, paperUrl: null, licenseUrl: null, coverImageUrl: null };
    const sku = planned.isOnGpu ? 'gpu' : 'cpu';
    const name = `model-${n}`;
    const model = await store.models.insert({ owner: 'ada', name, visibility: 'private', hardwareSku: sku, ...texts });
    if (model === 'taken') throw new Error(`${name} is taken`);
    const version = await store.models.insertVersion({
      id: String(n).padStart(64, '0'),
      modelId: model.id,
      source: { kind: 'path', path: `/${name}`, command: ['serve'], env: {} },
      runtime: 'process',
      openapiSchema: {},
      cogVersion: '0.16.12',
      slots: planned.slots,
    });
    return store.deployments.ensureImplicit(version, {
      hardwareSku: sku,
      minInstances: 0,
      maxInstances: planned.maxInstances,
      keepAlive: { kind: 'fixed', ms: planned.keepAliveMs },
    });
  }

  #newPrediction(planned: PlannedPrediction): NewPrediction {
    const at = this.time.now();
    const deployment = this.deployments[planned.deployment];
    const accountId = this.accounts[planned.account];
    if (deployment === undefined || accountId === undefined)
      throw new RangeError('the scenario names what is not there');
    const { webhookRefusals, deadlineAt } = planned;
    return {
      id: newId(at),
      accountId,
      model: deployment.model,
      versionId: deployment.versionId,
      deploymentId: deployment.id,
      deployment: null,
      hardwareSku: deployment.hardwareSku,
      input: { behavior: planned.behavior },
      source: 'api',
      webhook: webhookRefusals === null ? null : `https://receiver.test/${webhookRefusals}`,
      webhookEventsFilter: null,
      createdAt: at,
      deadlineAt: deadlineAt === null ? null : at + deadlineAt - planned.at,
      kind: 'prediction',
      destination: null,
      streamsFiles: false,
      holdMicros: holdFor(EXPECTED_RUN_MS, PRICE_MICROS_PER_SECOND, {
        timeoutMs: TIMINGS.predictionTimeoutMs,
        cancelGraceMs: TIMINGS.cancelGraceMs,
      }),
    };
  }
}

/** What the rooms say from a warning on becomes part of the trace. */
function tracingLogger(trace: Trace): Logger {
  const silent = createLogger({ room: 'explore', level: 'silent', pretty: false });
  const say = (facts: unknown, text?: string): void => {
    const error = typeof facts === 'object' && facts !== null ? Reflect.get(facts, 'err') : undefined;
    trace.note('log', `${text ?? String(facts)}${error instanceof Error ? ` (${error.message})` : ''}`);
  };
  return Object.assign(Object.create(silent) as Logger, { warn: say, error: say });
}
