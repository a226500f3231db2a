import { NO_SHAPES, type TypicalShape } from './fragmentation.ts';
import { type Free, type Holder, Ledger } from './free.ts';
import { byId, type Instance, isLeaving } from './instance.ts';
import { cheapest, type Roomy } from './placement.ts';
import type { Host, Need, Placement } from './resources.ts';
import { BothMemory, ByNeed, RoomyMemory, type View } from './room-memory.ts';
import { type Change, Rows, saysTheSame } from './rows.ts';

/** What a cycle reads of who holds what. */
export interface Holding {
  readonly hosts: readonly Host[];
  /** Of instances that hold resources, since the cycle before. */
  readonly instances: readonly Change<Instance>[];
  /** Who holds something beside them. */
  readonly lingering: readonly Holder[];
}

/** So many changes for each host are noted before it is as quick to look at all hosts again. */
const NOTED_PER_HOST = 8;
const NO_SIBLINGS = new Map<string, number>();

/**
 * The two views of one cycle: the world now, and the world once what is leaving has left. Room promised in the second
 * is not promised twice, and nobody is evicted for room that is already on its way. Goes from cycle to cycle with what has
 * changed: what a cycle took and promised is no fact yet, and is taken back when the next one begins.
 */
export class Views {
  readonly #rows = new Rows<Host>();
  readonly #byId = new Map<string, Host>();
  /** By host, in order of their ids. */
  readonly #held = new Map<string, readonly Instance[]>();
  readonly #now = new Ledger();
  readonly #later = new Ledger();
  readonly #both = new BothMemory();
  readonly #roomyNow = new ByNeed(() => new RoomyMemory());
  readonly #roomyLater = new ByNeed(() => new RoomyMemory());
  /** Instances that leave by what this cycle decided. */
  readonly #left = new Set<string>();
  readonly #touched = new Set<Host>();
  #noted: Host[] = [];
  #hosts: readonly Host[] = [];
  #made = 0;

  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  /** Opens a cycle. Answers whether hosts are other ones, or say something else, than in the one before. */
  open({ hosts, instances, lingering }: Holding): boolean {
    const touched = new Set([...this.#now.takeBack(), ...this.#later.takeBack()]);
    this.#left.clear();
    this.#touched.clear();
    this.#made = 0;
    for (const hostId of this.#settle(instances)) touched.add(hostId);
    const isOther = this.#follow(hosts, touched);
    for (const holder of lingering) {
      this.#now.add(holder);
      touched.add(holder.hostId);
    }
    this.#noteAll(touched);
    return isOther;
  }

  /** Free in both views: a newcomer does not take room that somebody before it is waiting for. */
  readonly freeNow: Free = (host) => this.#both.of(this.#now.free(host), this.#later.free(host));

  readonly freeLater: Free = (host) => this.#later.free(host);

  /** The hosts with room for a need now. */
  roomyNow(need: Need, shapes: readonly TypicalShape[]): Iterable<Roomy> {
    return this.#roomyNow.of(need).of(this.#view(this.freeNow), need, shapes);
  }

  /** Where a need fits by the tightest fit once what is leaving has left; null: nowhere. */
  placeLater(need: Need): Placement | null {
    const roomy = this.#roomyLater.of(need).of(this.#view(this.freeLater), need, NO_SHAPES);
    return cheapest(roomy, need, NO_SIBLINGS)?.placement ?? null;
  }

  /** Of one that holds resources: nothing has decided yet that it leaves. */
  stays(instance: Pick<Instance, 'id' | 'state'>): boolean {
    return !isLeaving(instance) && !this.#left.has(instance.id);
  }

  /** Hosts on which something was taken or promised in this cycle. */
  get touched(): ReadonlySet<Host> {
    return this.#touched;
  }

  /** How often in this cycle room was made. Between two times there is only ever less. */
  get made(): number {
    return this.#made;
  }

  /** Taken from this cycle on. */
  take(placement: Placement, need: Need): void {
    const holder = held(placement, need);
    this.#now.add(holder);
    this.#later.add(holder);
    this.#touch(placement.hostId);
  }

  /** Taken as soon as what is leaving has left. */
  takeLater(placement: Placement, need: Need): void {
    this.#later.add(held(placement, need));
    this.#touch(placement.hostId);
  }

  leave(instances: readonly Pick<Instance, 'id' | 'hostId'>[]): void {
    for (const instance of instances) {
      this.#left.add(instance.id);
      this.#later.remove(instance);
      this.#touch(instance.hostId);
    }
    this.#made++;
  }

  #view(free: Free): View {
    return { hosts: this.#hosts, free, changed: this.#noted };
  }

  #touch(hostId: string): void {
    const host = this.#byId.get(hostId);
    if (host === undefined) return;
    this.#touched.add(host);
    this.#noted.push(host);
  }

  /** Brings both views up to what instances are; answers on which hosts that changed what they hold. */
  #settle(changes: readonly Change<Instance>[]): ReadonlySet<string> {
    const touched = new Set<string>();
    for (const { before, after } of changes) {
      if (before !== null && after !== null && holdsTheSame(before, after)) continue;
      if (before !== null) this.#replace(before.hostId, before.id, null, touched);
      if (after !== null) this.#replace(after.hostId, after.id, after, touched);
    }
    for (const hostId of touched) {
      const here = this.#held.get(hostId) ?? [];
      this.#now.put(hostId, here);
      this.#later.put(
        hostId,
        here.filter((i) => !isLeaving(i)),
      );
    }
    return touched;
  }

  #replace(hostId: string, id: string, by: Instance | null, touched: Set<string>): void {
    const others = (this.#held.get(hostId) ?? []).filter((other) => other.id !== id);
    const here = by === null ? others : [...others, by].toSorted(byId);
    if (here.length === 0) this.#held.delete(hostId);
    else this.#held.set(hostId, here);
    touched.add(hostId);
  }

  #follow(hosts: readonly Host[], touched: Set<string>): boolean {
    const changes = this.#rows.changes(hosts);
    for (const { before, after } of changes) {
      if (after === null) this.#byId.delete(before?.id ?? '');
      else this.#byId.set(after.id, after);
      if (after !== null && before !== null) touched.add(after.id);
    }
    if (changes.length > 0 || this.#hosts.length === 0) this.#hosts = [...this.#byId.values()];
    // Hosts that come and go change what there is to look at, not only what is on it.
    if (changes.some(({ before, after }) => before === null || after === null)) this.#noted = [];
    return changes.length > 0;
  }

  #noteAll(hostIds: ReadonlySet<string>): void {
    if (this.#noted.length > NOTED_PER_HOST * this.#hosts.length) this.#noted = [];
    for (const hostId of hostIds) {
      const host = this.#byId.get(hostId);
      if (host !== undefined) this.#noted.push(host);
    }
  }
}

const held = (placement: Placement, { memoryMiB, cpus }: Need): Holder => ({ ...placement, memoryMiB, cpus });

/** What counts for the views: where it is, what it holds there, and whether it is leaving. */
const holdsTheSame = (a: Instance, b: Instance): boolean =>
  a.hostId === b.hostId &&
  isLeaving(a) === isLeaving(b) &&
  a.memoryMiB === b.memoryMiB &&
  a.cpus === b.cpus &&
  a.gpuShareMiB === b.gpuShareMiB &&
  saysTheSame(a.deviceIds, b.deviceIds);
