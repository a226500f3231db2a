import {
  type Host,
  type Millis,
  NeedHistories,
  type Plan,
  PlanMemory,
  planCycle,
  type Snapshot,
  type TypicalShape,
} from '@hearth/core';
import type { Violations } from './audit.ts';
import type { CourseSpan } from './course.ts';
import { EventHeap } from './event-heap.ts';
import type { TimeSpent } from './meter.ts';
import type { SimDeployment } from './model.ts';
import type { Arrival } from './trace.ts';
import type { Waits } from './wait-tally.ts';
import { type BootOutcome, World } from './world.ts';

/** Something that happens to the fleet at an instant. */
export type Incident =
  | { readonly kind: 'hosts-lost' | 'hosts-back'; readonly at: Millis; readonly hostIds: readonly string[] }
  /** The scheduler is gone for `downMs`; the next one knows what the store knows. What boots meanwhile goes on. */
  | { readonly kind: 'scheduler-restart'; readonly at: Millis; readonly downMs: number };

/** Decides a cycle; {@link planCycle} and whatever else is to be held against it. */
export type Planner = (snapshot: Snapshot, now: Millis) => Plan;

/** As the scheduler plans, with a memory of its own. */
const remembering = (): Planner => {
  const memory = new PlanMemory();
  return (snapshot, now) => planCycle(snapshot, now, memory);
};

export interface SimulationOptions {
  readonly hosts: readonly Host[];
  readonly deployments: readonly SimDeployment[];
  /** In order of time; read one at a time, so that a trace need not fit in memory. */
  readonly arrivals: Iterable<Arrival>;
  readonly incidents?: readonly Incident[];
  /** What the fleet is typically asked for; see `typicalShapes`. Default: nothing is known. */
  readonly shapes?: readonly TypicalShape[];
  /** A new planner for each scheduler: what it remembers is lost with it. Default: as the scheduler plans, with a memory of its own. */
  readonly planner?: () => Planner;
  /** How a boot goes; default: it takes the `bootMs` of its deployment and succeeds. */
  readonly bootOf?: (deployment: SimDeployment) => BootOutcome;
  /** From one cycle to the next at least; default 0: a cycle after every event. */
  readonly spacingMs?: number;
  /** Over what time the GPUs held are drawn; default: nowhere. */
  readonly course?: CourseSpan;
  /** Ends here, whatever is left; default: when nothing happens any more. */
  readonly until?: Millis;
}

export interface SimulationResult {
  readonly finished: number;
  /** Predictions that waited or ran at the end: where nothing was cut short, those that no host could ever hold. */
  readonly unfinished: number;
  /** Predictions that failed because instances did not boot. */
  readonly failed: number;
  /** Predictions that lost their host and waited again. */
  readonly sentBack: number;
  /** Predictions that arrived while no instance of their deployment was ready. */
  readonly coldStarts: number;
  readonly boots: number;
  readonly bootFailures: number;
  readonly cycles: number;
  readonly waits: Waits;
  readonly spent: TimeSpent;
  readonly peakInstances: number;
  readonly peakGpus: number;
  /** Instances that hold resources at the end: a minimum keeps them, or the end came early. */
  readonly leftInstances: number;
  /** GPUs held in each part of the course. */
  readonly course: readonly number[];
  readonly violations: Violations;
  readonly endedAt: Millis;
}

/**
 * Plays a trace against the real planner in virtual time. As a poke would, each event calls for a cycle, and cycles keep
 * their distance.
 */
export function simulate(options: SimulationOptions): SimulationResult {
  return new Simulation(options).run();
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #events = new EventHeap<(now: Millis) => void>();
  readonly #world: World;
  #plan: Planner;
  #histories: NeedHistories;
  /** Deployments whose history the last cycle changed; null: all may be. */
  #changed: readonly string[] | null = null;
  #lastCycleAt = -Infinity;
  /** Nobody plans before this. */
  #downUntil = -Infinity;
  #cycleAt = 0;
  #cycles = 0;

  constructor(options: SimulationOptions) {
    const { hosts, deployments, incidents = [], planner = remembering, bootOf, course } = options;
    this.#options = options;
    this.#plan = planner();
    this.#histories = new NeedHistories(0);
    this.#world = new World({
      hosts,
      deployments,
      bootOf: bootOf ?? (({ bootMs }) => ({ ms: bootMs, fails: false })),
      course: course ?? null,
      later: (at, happen) => this.#events.push(at, happen),
    });
    for (const incident of incidents) this.#events.push(incident.at, (now) => this.#strike(incident, now));
  }

  run(): SimulationResult {
    const arrivals = this.#options.arrivals[Symbol.iterator]();
    const { until = Infinity } = this.#options;
    let arrival = arrivals.next();
    let now = 0;
    for (;;) {
      const arrivesAt = arrival.done === true ? Infinity : arrival.value.at;
      const next = Math.min(arrivesAt, this.#events.nextAt, this.#cycleAt);
      if (next === Infinity || next > until) break;
      if (next < now)
        throw new RangeError(`an arrival at ${next} ms comes after one at ${now} ms; put them in order of time`);
      now = next;
      // Of what happens at one instant, ends come before arrivals, and both before a cycle that looks at them.
      if (this.#events.nextAt === now) this.#happen(now);
      else if (arrivesAt === now && arrival.done !== true) {
        const { deploymentId, ...prediction } = arrival.value;
        this.#world.arrive(deploymentId, prediction, now);
        this.#poke(now);
        arrival = arrivals.next();
      } else this.#cycle(now);
    }
    return this.#result(until === Infinity ? now : until);
  }

  #happen(now: Millis): void {
    this.#events.pop()?.event(now);
    this.#poke(now);
  }

  #poke(now: Millis): void {
    const soonest = Math.max(this.#lastCycleAt + (this.#options.spacingMs ?? 0), this.#downUntil);
    this.#cycleAt = Math.min(this.#cycleAt, Math.max(now, soonest));
  }

  #cycle(now: Millis): void {
    const world = this.#world;
    const snapshot: Snapshot = {
      hosts: world.hosts,
      deployments: world.look((id) => this.#histories.of(id), this.#changed, now),
      instances: world.instances,
      shapes: this.#options.shapes ?? [],
      lingering: [],
    };
    const { actions, needs, wakeAt } = this.#plan(snapshot, now);
    this.#changed = this.#histories.record(needs, now);
    for (const action of actions) world.apply(action, now);
    this.#cycles++;
    this.#lastCycleAt = now;
    this.#cycleAt = wakeAt === null ? Infinity : Math.max(wakeAt, now + (this.#options.spacingMs ?? 0));
    if (actions.length > 0) this.#poke(now);
  }

  #strike(incident: Incident, now: Millis): void {
    if (incident.kind === 'scheduler-restart') {
      this.#downUntil = now + incident.downMs;
      this.#cycleAt = this.#downUntil;
      this.#plan = (this.#options.planner ?? remembering)();
      this.#histories = new NeedHistories(this.#downUntil);
      this.#changed = null;
      return;
    }
    for (const id of incident.hostIds) {
      if (incident.kind === 'hosts-lost') this.#world.loseHost(id, now);
      else this.#world.regainHost(id);
    }
  }

  #result(endedAt: Millis): SimulationResult {
    const { counts, meter, audit, unfinished, waits, instances } = this.#world;
    this.#world.account();
    const { arrived: _, ...rest } = counts;
    return {
      ...rest,
      unfinished: unfinished.waiting + unfinished.running,
      cycles: this.#cycles,
      waits: waits.waits(),
      spent: meter.spent(endedAt),
      peakInstances: meter.peaks.instances,
      peakGpus: meter.peaks.gpus,
      leftInstances: instances.length,
      course: meter.course(),
      violations: audit.violations(),
      endedAt,
    };
  }
}
