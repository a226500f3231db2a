import type { Millis } from '@hearth/core';
import { seeded, spanMs } from './random.ts';

/** One prediction of a trace. */
export interface Arrival {
  readonly at: Millis;
  readonly deploymentId: string;
  readonly runMs: number;
}

export interface PoissonTraceOptions {
  readonly seed: number;
  /** From the most to the least asked for. */
  readonly deploymentIds: readonly string[];
  readonly arrivalsPerSecond: number;
  readonly durationMs: number;
  /** Run times are log-normal: half are below the median, and `runSigma` (0: all alike) says how far the tail goes. */
  readonly medianRunMs: number;
  readonly runSigma?: number;
  /** The n-th deployment is asked for n^−skew times as often as the first; 0 asks for all alike. */
  readonly skew?: number;
}

/** Arrivals of a Poisson process in order of time, on deployments of heavy-tailed popularity. The same seed, the same trace. */
export function poissonTrace(options: PoissonTraceOptions): readonly Arrival[] {
  const { deploymentIds, arrivalsPerSecond, durationMs, medianRunMs, runSigma = 0.8, skew = 1.2 } = options;
  if (deploymentIds.length === 0) throw new RangeError('deploymentIds is empty; it must name at least one deployment');
  if (!(arrivalsPerSecond > 0)) {
    throw new RangeError(`arrivalsPerSecond is ${arrivalsPerSecond}; it must be a number above 0`);
  }
  const random = seeded(options.seed);
  const weights = deploymentIds.map((_, rank) => (rank + 1) ** -skew);
  const total = weights.reduce((sum, w) => sum + w, 0);
  const pick = (): string => {
    let left = random() * total;
    const index = weights.findIndex((w) => (left -= w) < 0);
    return deploymentIds.at(index) ?? '';
  };
  const arrivals: Arrival[] = [];
  let at = 0;
  for (;;) {
    at += (-Math.log(1 - random()) / arrivalsPerSecond) * 1_000;
    if (at >= durationMs) return arrivals;
    const runMs = spanMs(random, medianRunMs, runSigma);
    arrivals.push({ at: Math.round(at), deploymentId: pick(), runMs });
  }
}
