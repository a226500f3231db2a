import type { Action, Deployment, Host, Instance, Millis, Snapshot } from '@hearth/core';
import { nextState, planCycle, temperature, UNMEASURED } from '@hearth/core';
import { EventHeap } from './event-heap.ts';
import type { Arrival } from './trace.ts';

/** A deployment of the virtual fleet; its demand comes from the trace. */
export interface SimDeployment extends Pick<Deployment, 'id' | 'need' | 'policy'> {
  /** From the decision to boot until it is ready. */
  readonly bootMs: number;
}

export interface SimulationOptions {
  readonly hosts: readonly Host[];
  readonly deployments: readonly SimDeployment[];
  /** In any order. */
  readonly arrivals: readonly Arrival[];
}

export interface SimulationResult {
  readonly finished: number;
  /** Predictions that nothing in the fleet could ever hold. */
  readonly unfinished: number;
  /** Predictions that arrived while no instance of their deployment was ready. */
  readonly coldStarts: number;
  readonly boots: number;
  /** From arrival to the start of the run, in milliseconds, by nearest rank; 0 where nothing ran. */
  readonly waits: { readonly p50: number; readonly p95: number; readonly max: number };
  /** Time that booted instances held no prediction, and time that they held one or more, summed over instances. */
  readonly idleInstanceMs: number;
  readonly busyMs: number;
  /** The most instances that held resources at one instant, and how many still do at the end (a minimum keeps them). */
  readonly peakInstances: number;
  readonly leftInstances: number;
}

type Event =
  | { readonly kind: 'arrived'; readonly arrival: Arrival }
  | { readonly kind: 'booted' | 'finished'; readonly instanceId: string }
  | { readonly kind: 'woke' };

/**
 * Plays a trace against the real `planCycle` in virtual time: each event is followed by the cycles that it calls for, as
 * a poke would be. The dispatcher is modelled as it works: a ready instance takes from its deployment's queue while it
 * has a free slot; a draining one takes nothing, and closes its intake once it holds nothing. Stopping takes no time.
 */
export function simulate(options: SimulationOptions): SimulationResult {
  const fleet = new VirtualFleet(options);
  fleet.run();
  return fleet.result();
}

class VirtualFleet {
  readonly #hosts: readonly Host[];
  readonly #deployments: ReadonlyMap<string, SimDeployment & { readonly queue: Arrival[] }>;
  readonly #events = new EventHeap<Event>();
  readonly #instances = new Map<string, Instance>();
  readonly #waitsMs: number[] = [];
  #now: Millis = 0;
  #wakesAt: Millis | null = null;
  #coldStarts = 0;
  #boots = 0;
  #idleMs = 0;
  #busyMs = 0;
  #peak = 0;

  constructor({ hosts, deployments, arrivals }: SimulationOptions) {
    this.#hosts = hosts;
    this.#deployments = new Map(deployments.map((d) => [d.id, { ...d, queue: [] }]));
    for (const arrival of arrivals) this.#events.push(arrival.at, { kind: 'arrived', arrival });
  }

  run(): void {
    this.#cycle();
    for (let next = this.#events.pop(); next !== undefined; next = this.#events.pop()) {
      this.#pass(next.at);
      this.#happen(next.event);
      this.#cycle();
    }
  }

  result(): SimulationResult {
    const waits = this.#waitsMs.toSorted((a, b) => a - b);
    const rank = (q: number): number => waits[Math.ceil(q * waits.length) - 1] ?? 0;
    return {
      finished: waits.length,
      unfinished: [...this.#deployments.values()].reduce((sum, { queue }) => sum + queue.length, 0),
      coldStarts: this.#coldStarts,
      boots: this.#boots,
      waits: { p50: rank(0.5), p95: rank(0.95), max: rank(1) },
      idleInstanceMs: this.#idleMs,
      busyMs: this.#busyMs,
      peakInstances: this.#peak,
      leftInstances: this.#instances.size,
    };
  }

  #pass(to: Millis): void {
    for (const { state, inFlight } of this.#instances.values()) {
      if (inFlight > 0) this.#busyMs += to - this.#now;
      else if (state !== 'booting') this.#idleMs += to - this.#now;
    }
    this.#now = to;
  }

  #happen(event: Event): void {
    if (event.kind === 'woke') return;
    if (event.kind === 'arrived') return this.#arrive(event.arrival);
    const instance = this.#instances.get(event.instanceId);
    // Drained while it booted: it is gone when its boot would have ended.
    if (instance === undefined) return;
    if (event.kind === 'booted')
      this.#change(instance, { state: nextState(instance.state, 'booted'), since: this.#now });
    else this.#change(instance, { inFlight: instance.inFlight - 1, lastUsedAt: this.#now });
  }

  #arrive(arrival: Arrival): void {
    const { queue, policy } = this.#deployment(arrival.deploymentId);
    const slots = policy.slotsPerInstance;
    const felt = temperature(this.#instancesOf(arrival.deploymentId).map((instance) => ({ ...instance, slots })));
    if (felt === 'cold' || felt === 'booting') this.#coldStarts++;
    queue.push(arrival);
  }

  /** What the scheduler does: plans and applies until nothing is left to do; before each plan the dispatcher had its turn. */
  #cycle(): void {
    for (;;) {
      this.#dispatch();
      const { actions, wakeAt } = planCycle(this.#snapshot(), this.#now);
      for (const action of actions) this.#apply(action);
      this.#peak = Math.max(this.#peak, this.#instances.size);
      if (wakeAt !== null && wakeAt !== this.#wakesAt) this.#events.push(wakeAt, { kind: 'woke' });
      this.#wakesAt = wakeAt;
      if (actions.length === 0) return;
    }
  }

  #dispatch(): void {
    for (const instance of this.#instances.values()) {
      if (instance.state === 'draining' && instance.inFlight === 0) this.#change(instance, { intakeClosed: true });
      if (instance.state !== 'ready') continue;
      const { queue, policy } = this.#deployment(instance.deploymentId);
      const taken = queue.splice(0, policy.slotsPerInstance - instance.inFlight);
      for (const { at, runMs } of taken) {
        this.#waitsMs.push(this.#now - at);
        this.#events.push(this.#now + runMs, { kind: 'finished', instanceId: instance.id });
      }
      if (taken.length > 0) {
        this.#change(instance, { inFlight: instance.inFlight + taken.length, lastUsedAt: this.#now });
      }
    }
  }

  #apply(action: Action): void {
    if (action.kind === 'boot') return this.#boot(action.deploymentId, action.placement);
    const instance = this.#instances.get(action.instanceId);
    if (instance === undefined) throw new Error(`the plan names instance ${action.instanceId}, which is gone`);
    const state = nextState(instance.state, action.kind === 'drain' ? 'drain' : 'drained');
    if (state === 'stopping') this.#instances.delete(instance.id);
    else this.#change(instance, { state, since: this.#now });
  }

  #boot(deploymentId: string, placement: Pick<Instance, 'hostId' | 'deviceIds'>): void {
    const { need, bootMs } = this.#deployment(deploymentId);
    const id = `i${++this.#boots}`;
    this.#instances.set(id, {
      ...placement,
      id,
      deploymentId,
      versionId: '',
      hardwareSku: '',
      runtime: need.runtime,
      memoryMiB: need.memoryMiB,
      state: 'booting',
      since: this.#now,
      inFlight: 0,
      intakeClosed: false,
      lastUsedAt: null,
      unhealthy: null,
    });
    this.#events.push(this.#now + bootMs, { kind: 'booted', instanceId: id });
  }

  #snapshot(): Snapshot {
    const deployments = [...this.#deployments.values()].map(({ id, need, policy, queue }) => {
      const inFlight = this.#instancesOf(id).reduce((sum, i) => sum + i.inFlight, 0);
      const demand = { waiting: queue.length, inFlight, oldestWaitingAt: queue[0]?.at ?? null };
      return {
        id,
        need,
        policy,
        demand,
        versionId: '',
        hardwareSku: '',
        measures: UNMEASURED,
        history: null,
        backoff: null,
      };
    });
    return { hosts: this.#hosts, deployments, instances: [...this.#instances.values()] };
  }

  #deployment(id: string): SimDeployment & { readonly queue: Arrival[] } {
    const found = this.#deployments.get(id);
    if (found === undefined) throw new RangeError(`arrivals name the deployment '${id}'; deployments has no such id`);
    return found;
  }

  #instancesOf(deploymentId: string): Instance[] {
    return [...this.#instances.values()].filter((i) => i.deploymentId === deploymentId);
  }

  #change(instance: Instance, change: Partial<Instance>): void {
    this.#instances.set(instance.id, { ...instance, ...change });
  }
}
