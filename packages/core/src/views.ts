import { type Free, freeGiven, type Holder } from './placement.ts';
import type { Need, Placement } from './resources.ts';

/**
 * The two views of one cycle: the world now, and the world once what is leaving has left. Room promised in the second
 * is not promised twice, and nobody is evicted for room that is already on its way. Lives for one `planCycle`.
 */
export class Views {
  #now: readonly Holder[];
  #later: readonly Holder[];

  constructor(held: readonly Holder[], staying: readonly Holder[]) {
    this.#now = held;
    this.#later = staying;
  }

  /** Free in both views: a newcomer does not take room that somebody before it is waiting for. */
  readonly freeNow: Free = (host) => {
    const now = freeGiven(this.#now)(host);
    const later = freeGiven(this.#later)(host);
    return {
      memoryMiB: Math.min(now.memoryMiB, later.memoryMiB),
      devices: now.devices.filter((d) => later.devices.includes(d)),
    };
  };

  readonly freeLater: Free = (host) => freeGiven(this.#later)(host);

  stays(holder: Holder): boolean {
    return this.#later.includes(holder);
  }

  /** Taken from this cycle on. */
  take(placement: Placement, need: Need): void {
    this.#now = [...this.#now, { ...placement, memoryMiB: need.memoryMiB }];
    this.takeLater(placement, need);
  }

  /** Taken as soon as what is leaving has left. */
  takeLater(placement: Placement, need: Need): void {
    this.#later = [...this.#later, { ...placement, memoryMiB: need.memoryMiB }];
  }

  leave(holders: readonly Holder[]): void {
    this.#later = this.#later.filter((h) => !holders.includes(h));
  }
}
