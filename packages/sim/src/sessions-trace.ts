import { gauss, seeded, spanMs } from './random.ts';
import type { Arrival } from './trace.ts';

/** A time in which everybody asks `factor` times as often. */
export interface Burst {
  readonly fromMs: number;
  readonly toMs: number;
  readonly factor: number;
}

export interface SessionsTraceOptions {
  readonly seed: number;
  /** From the most to the least asked for. */
  readonly deploymentIds: readonly string[];
  /** Of all together, outside of bursts. */
  readonly arrivalsPerSecond: number;
  readonly durationMs: number;
  /** The n-th deployment is asked for n^−skew times as often as the first. */
  readonly skew: number;
  /** Deviation of the gaps of one deployment over their mean. 1 is about chance; people come in sessions: 2.3. */
  readonly gapCv: number;
  /** Run times are log-normal. */
  readonly medianRunMs: number;
  readonly runSigma: number;
  /** In order of time, apart from each other. */
  readonly bursts: readonly Burst[];
}

/**
 * Arrivals in order of time, one at a time: each deployment is asked for again and again, after gaps that are log-normal,
 * so that many are short and a few are long. The same seed, the same trace; millions of them take no memory.
 */
export function* sessionsTrace(options: SessionsTraceOptions): Generator<Arrival, void> {
  const { deploymentIds, arrivalsPerSecond, durationMs, skew, gapCv, medianRunMs, runSigma, bursts } = options;
  const random = seeded(options.seed);
  const weights = deploymentIds.map((_, rank) => (rank + 1) ** -skew);
  const total = weights.reduce((sum, w) => sum + w, 0);
  const meanGapMs = Float64Array.from(weights, (w) => (1_000 * total) / (arrivalsPerSecond * w));
  const sigma = Math.sqrt(Math.log(1 + gapCv ** 2));
  const gapMs = (index: number): number => (meanGapMs[index] ?? 0) * Math.exp(sigma * gauss(random) - sigma ** 2 / 2);

  // Gaps are in a time of their own that runs `factor` times as fast in a burst.
  const next = new NextUp(Float64Array.from(weights, (_, index) => random() * gapMs(index)));
  const clock = burstClock(bursts);
  for (;;) {
    const at = clock(next.at);
    if (!(at < durationMs)) return;
    const runMs = spanMs(random, medianRunMs, runSigma);
    yield { at: Math.round(at), deploymentId: deploymentIds[next.index] ?? '', runMs };
    next.put(next.at + gapMs(next.index));
  }
}

/** From the time of gaps to that of the trace; asked in order. */
function burstClock(bursts: readonly Burst[]): (gapTimeMs: number) => number {
  let aheadMs = 0;
  let n = 0;
  return (gapTimeMs) => {
    for (;;) {
      const burst = bursts[n];
      const at = gapTimeMs - aheadMs;
      if (burst === undefined || at < burst.fromMs) return at;
      const within = burst.fromMs + (at - burst.fromMs) / burst.factor;
      if (within < burst.toMs) return within;
      aheadMs += (burst.toMs - burst.fromMs) * (burst.factor - 1);
      n++;
    }
  };
}

/** Which of a fixed number of things is next: a heap over numbers, because one of objects costs twice the time. */
class NextUp {
  readonly #at: Float64Array;
  readonly #heap: Int32Array;

  constructor(at: Float64Array) {
    this.#at = at;
    this.#heap = Int32Array.from(at.keys());
    for (let place = this.#heap.length >> 1; place >= 0; place--) this.#sink(place);
  }

  get index(): number {
    return this.#heap[0] ?? -1;
  }

  get at(): number {
    return this.#at[this.index] ?? Infinity;
  }

  /** The next one comes again at `at`. */
  put(at: number): void {
    this.#at[this.index] = at;
    this.#sink(0);
  }

  #sink(from: number): void {
    const [at, heap] = [this.#at, this.#heap];
    const atPlace = (place: number): number => at[heap[place] ?? -1] ?? Infinity;
    let place = from;
    for (;;) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2]) if (atPlace(child) < atPlace(least)) least = child;
      if (least === place) return;
      const moved = heap[place] ?? 0;
      heap[place] = heap[least] ?? 0;
      heap[least] = moved;
      place = least;
    }
  }
}
