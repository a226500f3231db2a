import { isTerminal } from '@hearth/core';
import { createLogger, type Logger } from '@hearth/kit';
import { type Random, seeded } from '@hearth/sim';
import { createMemoryStore, type MemoryStore } from '../src/memory-store/memory-store.ts';
import { MemoryBroker } from '../src/memory-transport/memory-broker.ts';
import { Clients } from './clients.ts';
import { Incarnation } from './incarnation.ts';
import {
  checkBudgets,
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
import { type Serving, serveDispatcher, serveScheduler } from './servers.ts';
import { FAR_HOST, type Setting, setUp } from './setting.ts';
import { Trace } from './trace.ts';
import { VirtualTime } from './virtual-time.ts';

const STARTS_AT = 1_700_000_000_000;
const LOCK_MS = 30_000;

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
  readonly #clients: Clients;
  readonly #runs = new Map<string, ModelRun>();
  #acting: Incarnation | null = null;
  readonly #endedBy = new Map<string, Incarnation | null>();
  readonly #lostHosts = new Set<string>();
  readonly #log: Logger;
  #setting: Setting = { accountIds: [], deployments: [] };
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
    this.#clients = new Clients({
      store: this.memory.store,
      broker: this.broker,
      time: this.time,
      trace: this.trace,
      told: (end) => this.#guard(() => checkTold(end, this.memory.tables)),
    });
    this.network = new SimulatedNetwork(this.time, (url, body) => this.#clients.receive(url, body));
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
    this.#setting = await setUp(this.memory.store, this.scenario, this.time.now);
  }

  predict(planned: PlannedPrediction): Promise<void> {
    return this.#clients.predict(planned, this.#setting);
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
      acts: (actor) => {
        this.#acting = actor;
      },
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
    if (this.#clients.asked < this.scenario.predictions.length)
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
      delivered: this.#clients.delivered,
      accepted: this.#clients.accepted,
      sent: this.network.sent,
      endedBy: this.#endedBy,
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
    tables.predictions.watch = (before, after) =>
      this.#guard(() => {
        checkPrediction(before, after);
        if (after !== undefined && isTerminal(after.status) && !this.#endedBy.has(after.id))
          this.#endedBy.set(after.id, this.#acting);
        checkBudgets(tables);
      });
    tables.usage.watch = () => this.#guard(() => checkBudgets(tables));
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
