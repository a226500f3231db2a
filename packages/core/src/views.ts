import { type Free, freeGiven, type Holder } from './placement.ts';
import type { Need, Placement } from './resources.ts';

/**
 * The two views of one cycle: the world now, and the world once what is leaving has left. Room promised in the second
 * is not promised twice, and nobody is evicted for room that is already on its way. Lives for one `planCycle`.
 */
export class Views {
  #now: readonly Holder[];
  #later: readonly Holder[];
  #freeInNow: Free;
  #freeInLater: Free;

  constructor(held: readonly Holder[], staying: readonly Holder[]) {
    this.#now = held;
    this.#later = staying;
    this.#freeInNow = freeGiven(held);
    this.#freeInLater = freeGiven(staying);
  }

  /** Free in both views: a newcomer does not take room that somebody before it is waiting for. */
  readonly freeNow: Free = (host) => {
    const now = this.#freeInNow(host);
    const later = this.#freeInLater(host);
    return {
      memoryMiB: Math.min(now.memoryMiB, later.memoryMiB),
      devices: now.devices.filter((d) => later.devices.includes(d)),
    };
  };

  readonly freeLater: Free = (host) => this.#freeInLater(host);

  stays(holder: Holder): boolean {
    return this.#later.includes(holder);
  }

  /** Taken from this cycle on. */
  take(placement: Placement, need: Need): void {
    this.#now = [...this.#now, { ...placement, memoryMiB: need.memoryMiB }];
    this.#freeInNow = freeGiven(this.#now);
    this.takeLater(placement, need);
  }

  /** Taken as soon as what is leaving has left. */
  takeLater(placement: Placement, need: Need): void {
    this.#setLater([...this.#later, { ...placement, memoryMiB: need.memoryMiB }]);
  }

  leave(holders: readonly Holder[]): void {
    this.#setLater(this.#later.filter((h) => !holders.includes(h)));
  }

  #setLater(holders: readonly Holder[]): void {
    this.#later = holders;
    this.#freeInLater = freeGiven(holders);
  }
}
