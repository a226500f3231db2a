import { type Host, type KeepAlive, PlanMemory, planCycle, typicalShapes } from '@hearth/core';
import {
  type Incident,
  type Planner,
  type SimulationResult,
  seeded,
  sessionsTrace,
  simulate,
  syntheticBoots,
  syntheticDeployments,
} from '@hearth/sim';
import type { BenchOptions } from './overhead.ts';
import { largeFleet } from './scale/fleet.ts';
import { growthPerHour, heldMiB, type MemoryAt } from './scale/heap.ts';
import { quantile, table } from './stats.ts';

export interface ScaleOptions extends Pick<BenchOptions, 'say' | 'traces'> {
  /** Simulated. */
  readonly hours: number;
  readonly deployments: number;
  readonly hosts: number;
  /** Milliseconds from one cycle to the next; the real loop takes 25 ms and more, which costs the bench hours and shows nothing else. */
  readonly spacing: number;
}

/** A million an hour on ten thousand deployments. */
const PER_DEPLOYMENT_HOUR = 100;
const HOUR_MS = 3_600_000;
const KEEP_ALIVE: KeepAlive = { kind: 'fixed', ms: 300_000 };
const SAMPLES_PER_HOUR = 6;
/** Before this share of the time caches fill and deployments are asked for the first time. */
const WARM_UP = 1 / 6;

/**
 * The real planner at the size of a large installation, in virtual time: sessions of people on deployments of
 * Zipf-like popularity, a minute with ten times the load, one host in twenty lost at once and back later, a restart of
 * the scheduler, and one boot in a hundred that fails.
 */
export async function scale(options: ScaleOptions) {
  const { hours, say, spacing } = options;
  const { hosts, source } = await largeFleet(options.traces, options.hosts);
  const durationMs = hours * HOUR_MS;
  const deployments = syntheticDeployments(options.deployments, KEEP_ALIVE, seeded(2));
  const gpus = hosts.reduce((sum, host) => sum + host.devices.length, 0);
  say(`${options.deployments} deployments, ${hosts.length} hosts with ${gpus} GPUs (${source}), ${hours} h`);

  const watch = new Watch(durationMs, say);
  const began = performance.now();
  const result = simulate({
    hosts,
    deployments,
    shapes: typicalShapes(deployments.map(({ need }) => ({ need, count: 1 }))),
    arrivals: sessionsTrace({
      seed: 3,
      deploymentIds: deployments.map(({ id }) => id),
      arrivalsPerSecond: (options.deployments * PER_DEPLOYMENT_HOUR * 1_000) / HOUR_MS,
      durationMs,
      skew: 1.1,
      // People come in sessions: the median of Alibaba GenTD26 by model.
      gapCv: 2.3,
      medianRunMs: 2_000,
      runSigma: 0.67,
      bursts: [{ fromMs: durationMs / 3, toMs: durationMs / 3 + 60_000, factor: 10 }],
    }),
    incidents: incidents(hosts, durationMs),
    bootOf: syntheticBoots(0.01, seeded(4)),
    planner: watch.planner,
    spacingMs: spacing,
    until: durationMs,
  });
  const figures = figuresOf(result, watch, (performance.now() - began) / 1_000);
  report(figures, say);
  return { hosts: hosts.length, gpus, deployments: deployments.length, hours, spacing, source, ...figures };
}

function incidents(hosts: readonly Host[], durationMs: number): readonly Incident[] {
  // Every twentieth, so that each kind is among them.
  const hostIds = hosts.filter((_, n) => n % 20 === 7).map(({ id }) => id);
  return [
    { kind: 'hosts-lost', at: durationMs / 2, hostIds },
    { kind: 'hosts-back', at: durationMs / 2 + durationMs / 12, hostIds },
    { kind: 'scheduler-restart', at: (durationMs * 3) / 4, downMs: 5_000 },
  ];
}

/** Times every plan, and weighs the heap now and then. */
class Watch {
  readonly planMs: number[] = [];
  /** The same by the clock of this thread, which stands still while the machine does something else. */
  readonly cpuMs: number[] = [];
  /** Of each scheduler's first plan, which remembers nothing. */
  readonly firstMs: number[] = [];
  readonly memory: MemoryAt[] = [];
  #decided = 0;
  #standing = 0;
  #mostInstances = 0;
  #mostConcerned = 0;
  readonly #sampleMs: number;
  readonly #say: (line: string) => void;

  constructor(durationMs: number, say: (line: string) => void) {
    this.#sampleMs = Math.min(HOUR_MS / SAMPLES_PER_HOUR, durationMs / (4 * SAMPLES_PER_HOUR));
    this.#say = say;
  }

  get most(): { readonly instances: number; readonly deployments: number } {
    return { instances: this.#mostInstances, deployments: this.#mostConcerned };
  }

  /** Of all deployments that there were to decide about, cycle by cycle, the part that stood as it did. */
  get incrementalShare(): number {
    return 1 - this.#decided / this.#standing;
  }

  readonly planner = (): Planner => {
    const memory = new PlanMemory();
    let isFirst = true;
    return (snapshot, now) => {
      const [from, cpuFrom] = [performance.now(), process.threadCpuUsage()];
      const planned = planCycle(snapshot, now, memory);
      const ms = performance.now() - from;
      const { user, system } = process.threadCpuUsage(cpuFrom);
      (isFirst ? this.firstMs : this.planMs).push(ms);
      if (!isFirst) this.cpuMs.push((user + system) / 1_000);
      isFirst = false;
      this.#decided += memory.share.decided;
      this.#standing += memory.share.of;
      this.#mostInstances = Math.max(this.#mostInstances, snapshot.instances.length);
      this.#mostConcerned = Math.max(this.#mostConcerned, snapshot.deployments.length);
      if (now >= this.#sampleMs * (this.memory.length + 1)) this.#weigh(now, snapshot.instances.length);
      return planned;
    };
  };

  #weigh(now: number, instances: number): void {
    const sample = { hours: now / HOUR_MS, heapMiB: heldMiB() };
    this.memory.push(sample);
    const lately = (values: readonly number[]): string => {
      const recent = values.slice(-1_000);
      return `p50 ${quantile(recent, 0.5).toFixed(2)} ms, p99 ${quantile(recent, 0.99).toFixed(2)} ms`;
    };
    this.#say(
      `  ${sample.hours.toFixed(2)} h: ${instances} instances, heap ${sample.heapMiB.toFixed(1)} MiB; last plans ${lately(this.planMs)}, of CPU ${lately(this.cpuMs)}`,
    );
  }
}

const spreadOf = (values: readonly number[]) => ({
  p50: quantile(values, 0.5),
  p99: quantile(values, 0.99),
  max: quantile(values, 1),
});

function figuresOf(result: SimulationResult, watch: Watch, wallSeconds: number) {
  const { planMs, cpuMs, firstMs, memory, most, incrementalShare } = watch;
  const warmedUp = memory.slice(Math.floor(memory.length * WARM_UP));
  return {
    planMs: spreadOf(planMs),
    planCpuMs: spreadOf(cpuMs),
    firstPlanMs: quantile(firstMs, 1),
    cycles: result.cycles,
    incrementalShare,
    memoryGrowthPerHour: growthPerHour(warmedUp),
    heapMiB: memory.at(-1)?.heapMiB ?? null,
    rssMiB: process.memoryUsage().rss / 2 ** 20,
    violations: Object.values(result.violations).reduce((sum, count) => sum + count, 0),
    violationsByKind: result.violations,
    predictions: result.finished + result.failed + result.unfinished,
    finished: result.finished,
    failed: result.failed,
    unfinished: result.unfinished,
    sentBack: result.sentBack,
    coldStarts: result.coldStarts,
    boots: result.boots,
    bootFailures: result.bootFailures,
    waitsMs: result.waits,
    mostInstances: most.instances,
    mostDeployments: most.deployments,
    peakGpus: result.peakGpus,
    wallSeconds,
  };
}

function report(figures: ReturnType<typeof figuresOf>, say: (line: string) => void): void {
  const { planMs, planCpuMs, memoryGrowthPerHour: growth, waitsMs, predictions } = figures;
  const ms = (value: number): string => `${value.toFixed(2)} ms`;
  const percent = (part: number): string => `${(part * 100).toFixed(2)}%`;
  say(
    table([
      ['a cycle decides in', 'p50', 'p99', 'max'],
      ['by the clock', ms(planMs.p50), ms(planMs.p99), ms(planMs.max)],
      ['by its own CPU', ms(planCpuMs.p50), ms(planCpuMs.p99), ms(planCpuMs.max)],
    ]),
  );
  say(
    [
      `goal: p99 at most 10 ms. ${figures.cycles} cycles; a scheduler's first took up to ${ms(figures.firstPlanMs)}`,
      `incremental: ${percent(figures.incrementalShare)} of the decisions stood from the cycle before`,
      `size: up to ${figures.mostDeployments} deployments to look at, ${figures.mostInstances} instances`,
      `memory: ${growth === null ? 'too short to say' : `${percent(growth)} an hour`} after warm-up (goal: within 1%)`,
      `violations: ${figures.violations} ${JSON.stringify(figures.violationsByKind)}`,
      `predictions: ${predictions}; ${figures.finished} finished, ${figures.failed} failed with boots that failed, ${figures.unfinished} under way at the end; ${figures.sentBack} lost their host and ran again`,
      `boots: ${figures.boots}, of which ${figures.bootFailures} failed; ${percent(figures.coldStarts / predictions)} of predictions came to a cold deployment`,
      `waits: p50 ${waitsMs.p50} ms, p95 ${waitsMs.p95} ms, max ${waitsMs.max} ms`,
      `took ${figures.wallSeconds.toFixed(0)} s`,
    ].join('\n'),
  );
}
