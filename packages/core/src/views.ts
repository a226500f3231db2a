import { type Free, type FreeResources, freeInBoth, type Holder, Ledger } from './free.ts';
import type { Need, Placement } from './resources.ts';

/**
 * The two views of one cycle: the world now, and the world once what is leaving has left. Room promised in the second
 * is not promised twice, and nobody is evicted for room that is already on its way. Lives for one `planCycle`.
 */
export class Views {
  readonly #now: Ledger;
  readonly #later: Ledger;
  readonly #both = new Map<string, { now: FreeResources; later: FreeResources; both: FreeResources }>();

  constructor(held: readonly Holder[], staying: readonly Holder[]) {
    this.#now = new Ledger(held);
    this.#later = new Ledger(staying);
  }

  /** Free in both views: a newcomer does not take room that somebody before it is waiting for. */
  readonly freeNow: Free = (host) => {
    const now = this.#now.free(host);
    const later = this.#later.free(host);
    const known = this.#both.get(host.id);
    if (known?.now === now && known.later === later) return known.both;
    const both = freeInBoth(now, later);
    this.#both.set(host.id, { now, later, both });
    return both;
  };

  readonly freeLater: Free = (host) => this.#later.free(host);

  stays(holder: Holder): boolean {
    return this.#later.has(holder);
  }

  /** Taken from this cycle on. */
  take(placement: Placement, need: Need): void {
    const holder = held(placement, need);
    this.#now.add(holder);
    this.#later.add(holder);
  }

  /** Taken as soon as what is leaving has left. */
  takeLater(placement: Placement, need: Need): void {
    this.#later.add(held(placement, need));
  }

  leave(holders: readonly Holder[]): void {
    for (const holder of holders) this.#later.remove(holder);
  }
}

const held = (placement: Placement, { memoryMiB, cpus }: Need): Holder => ({ ...placement, memoryMiB, cpus });
