import type { Millis } from '@hearth/core';
import { gapsOf, type UseTrace } from './use-trace.ts';
import type { WarmCost } from './warm-elastic.ts';

/** What a fixed keep-alive of any length costs on one trace: from its gaps, put in order once. */
export class FixedKeepAlives {
  readonly #deployments: number;
  /** The gaps, the shortest first. */
  readonly #gaps: Float64Array;
  /** Of as many of them as the place says, the sum. */
  readonly #sums: Float64Array;

  constructor({ uses }: UseTrace) {
    this.#deployments = uses.size;
    this.#gaps = Float64Array.from([...uses].flatMap(([id, of]) => gapsOf(id, of).map(({ from, to }) => to - from)));
    this.#gaps.sort();
    this.#sums = new Float64Array(this.#gaps.length + 1);
    for (const [n, gap] of this.#gaps.entries()) this.#sums[n + 1] = (this.#sums[n] ?? 0) + gap;
  }

  cost(keepAliveMs: Millis): WarmCost {
    const warm = this.#upTo(keepAliveMs);
    const cold = this.#gaps.length - warm;
    return {
      coldStarts: this.#deployments + cold,
      idleMs: (this.#sums[warm] ?? 0) + cold * keepAliveMs,
      preWarmed: 0,
    };
  }

  /** How many gaps are no longer than this. */
  #upTo(ms: Millis): number {
    let [low, high] = [0, this.#gaps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#gaps[middle] ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
