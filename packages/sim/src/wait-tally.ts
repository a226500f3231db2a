/** From arrival to the start of the run, in milliseconds, by nearest rank; 0 where nothing ran. */
export interface Waits {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

const EXACT_MS = 65_536;
const LONGEST_S = 86_400;

/** Counts waits in a fixed amount of memory: exact to a millisecond below a minute, to a second beyond it. */
export class WaitTally {
  readonly #byMs = new Uint32Array(EXACT_MS);
  readonly #bySecond = new Uint32Array(LONGEST_S + 1);
  #count = 0;
  #max = 0;

  add(waitMs: number): void {
    const whole = Math.round(waitMs);
    if (whole < EXACT_MS) this.#byMs[whole] = (this.#byMs[whole] ?? 0) + 1;
    else {
      const second = Math.min(Math.round(whole / 1_000), LONGEST_S);
      this.#bySecond[second] = (this.#bySecond[second] ?? 0) + 1;
    }
    this.#count++;
    this.#max = Math.max(this.#max, whole);
  }

  get count(): number {
    return this.#count;
  }

  waits(): Waits {
    return { p50: this.#rank(0.5), p95: this.#rank(0.95), max: this.#max };
  }

  #rank(q: number): number {
    let left = Math.ceil(q * this.#count);
    for (const [ms, count] of this.#byMs.entries()) if ((left -= count) <= 0 && count > 0) return ms;
    for (const [second, count] of this.#bySecond.entries()) {
      if ((left -= count) <= 0 && count > 0) return Math.min(second * 1_000, this.#max);
    }
    return 0;
  }
}
