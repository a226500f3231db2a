import {
  type Action,
  type Boot,
  type Deployment,
  type Host,
  type Instance,
  type InstanceEvent,
  isComing,
  type Millis,
  type NeedHistory,
  NO_POOLED_GAPS,
  nextState,
  type PooledGaps,
  temperature,
} from '@hearth/core';
import { Audit } from './audit.ts';
import type { CourseSpan } from './course.ts';
import { gpusOf, Meter } from './meter.ts';
import { type Asked, Model, RELEASE, type Server, type SimDeployment } from './model.ts';
import { RowList } from './row-list.ts';
import { WaitTally } from './wait-tally.ts';

/** How one boot goes. */
export interface BootOutcome {
  readonly ms: number;
  readonly fails: boolean;
}

export interface WorldOptions {
  readonly hosts: readonly Host[];
  readonly deployments: readonly SimDeployment[];
  readonly bootOf: (deployment: SimDeployment) => BootOutcome;
  readonly course: CourseSpan | null;
  /** Has something happen at a later instant. */
  readonly later: (at: Millis, happen: (now: Millis) => void) => void;
}

/**
 * The virtual store, hosts and dispatcher: what is there, and what happens to it. The dispatcher is modelled as it works:
 * a ready instance takes from its deployment's queue while it has a free slot; a draining one takes nothing, and closes
 * its intake once it holds nothing. Stopping takes no time. It outlives any scheduler that looks at it.
 */
export class World {
  readonly waits = new WaitTally();
  readonly meter: Meter;
  readonly audit: Audit;
  readonly counts = { arrived: 0, finished: 0, failed: 0, coldStarts: 0, boots: 0, bootFailures: 0, sentBack: 0 };
  readonly #models: ReadonlyMap<string, Model>;
  /** Those that a scheduler has to look at. */
  readonly #concerned = new RowList<Model, Deployment>();
  /** Those of which something may read otherwise than at the last look. */
  readonly #stirred = new Set<Model>();
  readonly #servers = new Map<string, Server>();
  readonly #instances = new RowList<Server, Instance>();
  readonly #hosts: Map<string, Host>;
  readonly #options: WorldOptions;
  #hostList: readonly Host[];
  #pooled: PooledGaps = NO_POOLED_GAPS;

  constructor(options: WorldOptions) {
    const { hosts, deployments, course } = options;
    this.#options = options;
    this.#hosts = new Map(hosts.map((host) => [host.id, host]));
    this.#hostList = hosts;
    this.meter = new Meter(course);
    this.audit = new Audit(hosts);
    this.#models = new Map(deployments.map((spec) => [spec.id, new Model(spec)]));
  }

  get hosts(): readonly Host[] {
    return this.#hostList;
  }

  get instances(): readonly Instance[] {
    return this.#instances.rows();
  }

  /** Those that wait, and those that run. */
  get unfinished(): { readonly waiting: number; readonly running: number } {
    const waiting = [...this.#models.values()].reduce((sum, { queue }) => sum + queue.length, 0);
    const running = [...this.#servers.values()].reduce((sum, server) => sum + server.running.size, 0);
    return { waiting, running };
  }

  /**
   * What a scheduler reads of deployments: only those that it has to look at. What a look teaches is stored. `changed`:
   * those whose history it has changed since the last look; null: all may be.
   */
  look(historyOf: (id: string) => NeedHistory, changed: readonly string[] | null, now: Millis): readonly Deployment[] {
    for (const id of changed ?? this.#models.keys()) this.#stirred.add(this.#model(id));
    for (const model of this.#stirred) {
      this.#pooled = model.look(this.#pooled, now);
      model.see(historyOf(model.spec.id), now);
      if (model.isConcerned(now)) this.#concerned.set(model, model.seen);
      else this.#concerned.delete(model);
      if (!model.isAging) this.#stirred.delete(model);
    }
    return this.#concerned.rows();
  }

  arrive(deploymentId: string, prediction: Asked, now: Millis): void {
    const model = this.#model(deploymentId);
    this.counts.arrived++;
    const slots = model.spec.policy.slotsPerInstance;
    const felt = temperature(Array.from(model.servers, ({ instance }) => ({ ...instance, slots })));
    if (felt === 'cold' || felt === 'booting') this.counts.coldStarts++;
    model.queue.push(prediction);
    this.#dispatch(model, now);
    this.#stirred.add(model);
  }

  apply(action: Action, now: Millis): void {
    if (action.kind === 'boot') return this.#boot(action, now);
    const server = this.#servers.get(action.instanceId);
    if (server === undefined) throw new Error(`the plan names instance ${action.instanceId}, which is gone`);
    const event = action.kind === 'drain' ? 'drain' : 'drained';
    if (nextState(server.instance.state, event) === 'stopping') {
      this.audit.stopped(server.instance);
      this.#remove(server, now);
    } else this.#move(server, event, now);
    this.#dispatch(server.model, now);
    this.#stirred.add(server.model);
  }

  /** A host stops answering: what it ran is gone, and its predictions wait again. */
  loseHost(hostId: string, now: Millis): void {
    this.#setHost(hostId, { lost: true });
    for (const server of [...this.#servers.values()].filter(({ instance }) => instance.hostId === hostId)) {
      const { model, running } = server;
      for (const prediction of [...running].toReversed()) model.queue.putBack(prediction);
      model.inFlight -= running.size;
      this.counts.sentBack += running.size;
      running.clear();
      this.#remove(server, now);
      this.#dispatch(model, now);
      this.#stirred.add(model);
    }
  }

  regainHost(hostId: string): void {
    this.#setHost(hostId, { lost: false });
  }

  /** Compares the books: whatever arrived is somewhere. */
  account(): void {
    const { waiting, running } = this.unfinished;
    const { arrived, finished, failed } = this.counts;
    this.audit.accounted(arrived, finished + failed + waiting + running);
  }

  #setHost(id: string, change: Partial<Host>): void {
    const host = this.#hosts.get(id);
    if (host === undefined) throw new RangeError(`there is no host '${id}'`);
    this.#hosts.set(id, { ...host, ...change });
    this.#hostList = [...this.#hosts.values()];
  }

  #boot({ deploymentId, hardwareSku, placement, need }: Boot, now: Millis): void {
    const model = this.#model(deploymentId);
    const host = this.#hosts.get(placement.hostId);
    const instance: Instance = {
      ...placement,
      // Ids sort by age, as real ones do.
      id: `i${String(++this.counts.boots).padStart(9, '0')}`,
      deploymentId,
      versionId: RELEASE.versionId,
      hardwareSku,
      runtime: need.runtime,
      memoryMiB: need.memoryMiB,
      cpus: need.cpus,
      state: 'booting',
      since: now,
      inFlight: 0,
      intakeClosed: false,
      lastUsedAt: null,
      unhealthy: null,
    };
    const server: Server = { instance, model, bootsSince: now, running: new Set() };
    this.#servers.set(instance.id, server);
    this.#instances.set(server, instance);
    model.servers.add(server);
    this.audit.booted(instance, host);
    const coming = [...model.servers].filter((one) => isComing(one.instance)).length;
    this.audit.coming(coming, model.spec.policy.maxInstances);
    this.meter.came(instance.id, gpusOf(instance, host), now);
    this.#stirred.add(model);
    const { ms, fails } = this.#options.bootOf(model.spec);
    this.#options.later(now + ms, (then) => this.#bootEnds(server, fails, then));
  }

  #bootEnds(server: Server, fails: boolean, now: Millis): void {
    const { instance, model, bootsSince } = server;
    // Drained or lost while it booted: it was gone before its boot would have ended.
    if (!this.#servers.has(instance.id)) return;
    if (fails) {
      this.counts.bootFailures++;
      this.#remove(server, now);
      const text = { message: 'The container did not start.', logTail: '', exitCode: null };
      this.counts.failed += model.bootFailed(bootsSince, { kind: 'lost', phase: 'start', ...text, at: now });
    } else {
      model.bootSucceeded(bootsSince, now);
      this.#move(server, 'booted', now);
      this.#dispatch(model, now);
    }
    this.#stirred.add(model);
  }

  #dispatch(model: Model, now: Millis): void {
    const { slotsPerInstance } = model.spec.policy;
    for (const server of model.servers) {
      const { state, inFlight, intakeClosed } = server.instance;
      if (state === 'draining' && inFlight === 0 && !intakeClosed) this.#change(server, { intakeClosed: true }, now);
      if (state !== 'ready' || model.queue.length === 0) continue;
      while (server.running.size < slotsPerInstance) {
        const next = model.queue.take();
        if (next === undefined) break;
        this.waits.add(now - next.at);
        server.running.add(next);
        this.#options.later(now + next.runMs, (then) => this.#finish(server, next, then));
      }
      model.inFlight += server.running.size - inFlight;
      if (server.running.size > inFlight) {
        model.lastUsedAt = now;
        this.#change(server, { inFlight: server.running.size, lastUsedAt: now }, now);
      }
    }
  }

  #finish(server: Server, prediction: Asked, now: Millis): void {
    // Lost with its host meanwhile: it waits again, or runs elsewhere.
    if (!server.running.delete(prediction)) return;
    const { model } = server;
    this.counts.finished++;
    model.inFlight--;
    model.lastUsedAt = now;
    model.past.ran({ runMs: prediction.runMs, at: now });
    this.#change(server, { inFlight: server.running.size, lastUsedAt: now }, now);
    this.#dispatch(model, now);
    this.#stirred.add(model);
  }

  #move(server: Server, event: InstanceEvent, now: Millis): void {
    this.#change(server, { state: nextState(server.instance.state, event), since: now }, now);
  }

  #change(server: Server, change: Partial<Instance>, now: Millis): void {
    server.instance = { ...server.instance, ...change };
    if (this.#servers.has(server.instance.id)) this.#instances.set(server, server.instance);
    this.meter.turned(server.instance, now);
  }

  #remove(server: Server, now: Millis): void {
    this.#servers.delete(server.instance.id);
    this.#instances.delete(server);
    server.model.servers.delete(server);
    this.audit.gone(server.instance);
    this.meter.left(server.instance.id, now);
    this.#stirred.add(server.model);
  }

  #model(id: string): Model {
    const found = this.#models.get(id);
    if (found === undefined) throw new RangeError(`arrivals name the deployment '${id}'; deployments has no such id`);
    return found;
  }
}
