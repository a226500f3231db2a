import { type Host, type KeepAlive, typicalShapes } from '@hearth/core';
import {
  type Incident,
  type Planner,
  remembering,
  type SimulationResult,
  seeded,
  sessionsTrace,
  simulate,
  syntheticBoots,
  syntheticDeployments,
} from '@hearth/sim';
import { largeFleet } from './scale/fleet.ts';
import { growthPerHour, heldMiB, type MemoryAt } from './scale/heap.ts';
import { quantile } from './stats.ts';
import { tracesFolder } from './traces-folder.ts';

export interface ScaleOptions {
  /** Simulated. */
  readonly hours: number;
  readonly deployments: number;
  readonly hosts: number;
  /** Milliseconds from one cycle to the next; the real loop takes 25 ms and more, which costs the bench hours and shows nothing else. */
  readonly spacing: number;
  readonly say: (line: string) => void;
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
 * the scheduler, and one boot in a hundred that fails. `planner`: what is measured.
 */
export async function scale(options: ScaleOptions, planner: () => Planner = remembering) {
  const { hours, say, spacing } = options;
  const { hosts, source } = await largeFleet(await tracesFolder(process.env), options.hosts);
  const durationMs = hours * HOUR_MS;
  const deployments = syntheticDeployments(options.deployments, KEEP_ALIVE, seeded(2));
  const gpus = hosts.reduce((sum, host) => sum + host.devices.length, 0);
  say(`${options.deployments} deployments, ${hosts.length} hosts with ${gpus} GPUs (${source}), ${hours} h`);

  const watch = new Watch(planner, durationMs, say);
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
  readonly memory: MemoryAt[] = [];
  #mostInstances = 0;
  #mostConcerned = 0;
  readonly #planner: () => Planner;
  readonly #sampleMs: number;
  readonly #say: (line: string) => void;

  constructor(planner: () => Planner, durationMs: number, say: (line: string) => void) {
    this.#planner = planner;
    this.#sampleMs = Math.min(HOUR_MS / SAMPLES_PER_HOUR, durationMs / (4 * SAMPLES_PER_HOUR));
    this.#say = say;
  }

  get most(): { readonly instances: number; readonly deployments: number } {
    return { instances: this.#mostInstances, deployments: this.#mostConcerned };
  }

  readonly planner = (): Planner => {
    const plan = this.#planner();
    return (snapshot, now) => {
      const from = performance.now();
      const planned = plan(snapshot, now);
      this.planMs.push(performance.now() - from);
      this.#mostInstances = Math.max(this.#mostInstances, snapshot.instances.length);
      this.#mostConcerned = Math.max(this.#mostConcerned, snapshot.deployments.length);
      if (now >= this.#sampleMs * (this.memory.length + 1)) this.#weigh(now, snapshot.instances.length);
      return planned;
    };
  };

  #weigh(now: number, instances: number): void {
    const sample = { hours: now / HOUR_MS, heapMiB: heldMiB() };
    this.memory.push(sample);
    const recent = this.planMs.slice(-1_000);
    this.#say(
      `  ${sample.hours.toFixed(2)} h: ${instances} instances, heap ${sample.heapMiB.toFixed(1)} MiB, last plans p50 ${quantile(recent, 0.5).toFixed(2)} ms, p99 ${quantile(recent, 0.99).toFixed(2)} ms`,
    );
  }
}

function figuresOf(result: SimulationResult, watch: Watch, wallSeconds: number) {
  const { planMs, memory, most } = watch;
  const warmedUp = memory.slice(Math.floor(memory.length * WARM_UP));
  return {
    planP50Ms: quantile(planMs, 0.5),
    planP99Ms: quantile(planMs, 0.99),
    planMaxMs: planMs.reduce((a, b) => Math.max(a, b)),
    cycles: result.cycles,
    memorySlopePerHour: growthPerHour(warmedUp),
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
  const { planP50Ms, planP99Ms, planMaxMs, memorySlopePerHour, waitsMs } = figures;
  say(
    [
      `plan: p50 ${planP50Ms.toFixed(2)} ms, p99 ${planP99Ms.toFixed(2)} ms, max ${planMaxMs.toFixed(1)} ms over ${figures.cycles} cycles (goal: p99 at most 10 ms)`,
      `      up to ${figures.mostDeployments} deployments to look at, ${figures.mostInstances} instances`,
      `memory: ${memorySlopePerHour === null ? 'too short to say' : `${(memorySlopePerHour * 100).toFixed(2)}% an hour`} after warm-up`,
      `violations: ${figures.violations} ${JSON.stringify(figures.violationsByKind)}`,
      `predictions: ${figures.predictions}; ${figures.finished} finished, ${figures.failed} failed with boots that failed, ${figures.unfinished} under way at the end; ${figures.sentBack} lost their host and ran again`,
      `boots: ${figures.boots}, of which ${figures.bootFailures} failed; ${((100 * figures.coldStarts) / figures.predictions).toFixed(2)}% of predictions came to a cold deployment`,
      `waits: p50 ${waitsMs.p50} ms, p95 ${waitsMs.p95} ms, max ${waitsMs.max} ms`,
      `took ${figures.wallSeconds.toFixed(0)} s`,
    ].join('\n'),
  );
}
