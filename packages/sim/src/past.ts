import {
  BOOTS_REMEMBERED,
  type Measures,
  type Millis,
  measuresOf,
  type PastRun,
  type PhaseStamps,
  RUNS_REMEMBERED,
  saysTheSame,
} from '@hearth/core';

/** How long measures are good for while nothing ends: with time alone only their rate changes, and that slowly. */
const FRESH_MS = 5_000;

/** The newest runs and boots of one deployment, as the store would be asked for them. */
export class Past {
  readonly #runs: PastRun[] = [];
  readonly #boots: PhaseStamps[] = [];
  #measures: Measures | null = null;
  #measuredAt: Millis = 0;

  ran(run: PastRun): void {
    this.#runs.push(run);
    if (this.#runs.length > RUNS_REMEMBERED) this.#runs.shift();
    this.#measures = null;
  }

  booted(phases: PhaseStamps): void {
    this.#boots.push(phases);
    if (this.#boots.length > BOOTS_REMEMBERED) this.#boots.shift();
    this.#measures = null;
  }

  /** The same object as long as it would say the same. */
  measures(now: Millis): Measures {
    if (this.#measures === null || now - this.#measuredAt >= FRESH_MS) {
      const measures = measuresOf(this.#runs, this.#boots, now);
      if (this.#measures === null || !saysTheSame(this.#measures, measures)) this.#measures = measures;
      this.#measuredAt = now;
    }
    return this.#measures;
  }
}
