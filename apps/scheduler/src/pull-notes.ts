import type { PullProgress } from '@hearth/core';
import type { Clock } from './clock.ts';

/** Readers look twice a second at most. */
const WRITE_EVERY_MS = 500;

/** Tells those who wait how far a pull is: the newest of what is noted, at most twice a second, beside the pull. */
export class PullNotes {
  readonly #clock: Clock;
  readonly #write: (progress: PullProgress) => void;
  #latest: PullProgress | null = null;
  #cancel: (() => void) | null = null;

  constructor(clock: Clock, write: (progress: PullProgress) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  note(progress: PullProgress): void {
    this.#latest = progress;
    if (this.#cancel === null) this.#flush();
  }

  /** Writes nothing any more. */
  close(): void {
    this.#cancel?.();
    this.#latest = null;
  }

  #flush(): void {
    const progress = this.#latest;
    this.#latest = null;
    this.#cancel = progress === null ? null : this.#clock.after(WRITE_EVERY_MS, () => this.#flush());
    if (progress !== null) this.#write(progress);
  }
}
