import type { TypicalShape } from './fragmentation.ts';
import { type Free, type Holder, Ledger } from './free.ts';
import type { Roomy } from './placement.ts';
import type { Host, Need, Placement } from './resources.ts';
import { RoomMemory, type View } from './room-memory.ts';

/**
 * The two views of one cycle: the world now, and the world once what is leaving has left. Room promised in the second
 * is not promised twice, and nobody is evicted for room that is already on its way. Lives for one `planCycle`.
 */
export class Views {
  readonly hosts: readonly Host[];
  readonly #memory: RoomMemory;
  readonly #byId: ReadonlyMap<string, Host>;
  readonly #now: Ledger;
  readonly #later: Ledger;
  readonly #changed: Host[] = [];

  constructor(
    hosts: readonly Host[],
    held: readonly Holder[],
    staying: readonly Holder[],
    memory: RoomMemory = new RoomMemory(),
  ) {
    this.hosts = memory.hosts(hosts);
    this.#byId = new Map(this.hosts.map((host) => [host.id, host]));
    this.#memory = memory;
    this.#now = new Ledger(held, memory.now.reckon);
    this.#later = new Ledger(staying, memory.later.reckon);
    this.#viewNow = { hosts: this.hosts, free: this.freeNow, changed: this.#changed };
    this.#viewLater = { hosts: this.hosts, free: this.freeLater, changed: this.#changed };
  }

  readonly #viewNow: View;
  readonly #viewLater: View;

  /** Free in both views: a newcomer does not take room that somebody before it is waiting for. */
  readonly freeNow: Free = (host) => this.#memory.inBoth(host.id, this.#now.free(host), this.#later.free(host));

  readonly freeLater: Free = (host) => this.#later.free(host);

  /** The hosts with room for a need now. */
  roomyNow(need: Need, shapes: readonly TypicalShape[]): Iterable<Roomy> {
    return this.#memory.roomy('now', need).of(this.#viewNow, need, shapes);
  }

  roomyLater(need: Need, shapes: readonly TypicalShape[]): Iterable<Roomy> {
    return this.#memory.roomy('later', need).of(this.#viewLater, need, shapes);
  }

  stays(holder: Holder): boolean {
    return this.#later.has(holder);
  }

  /** Hosts on which something was taken or promised since the cycle began, each as often as that happened. */
  get changed(): readonly Host[] {
    return this.#changed;
  }

  /** Taken from this cycle on. */
  take(placement: Placement, need: Need): void {
    const holder = held(placement, need);
    this.#now.add(holder);
    this.#later.add(holder);
    this.#note(placement.hostId);
  }

  /** Taken as soon as what is leaving has left. */
  takeLater(placement: Placement, need: Need): void {
    this.#later.add(held(placement, need));
    this.#note(placement.hostId);
  }

  leave(holders: readonly Holder[]): void {
    for (const holder of holders) {
      this.#later.remove(holder);
      this.#note(holder.hostId);
    }
  }

  #note(hostId: string): void {
    const host = this.#byId.get(hostId);
    if (host !== undefined) this.#changed.push(host);
  }
}

const held = (placement: Placement, { memoryMiB, cpus }: Need): Holder => ({ ...placement, memoryMiB, cpus });
