import { takes } from './fit.ts';
import { labelsKey, type TypicalShape } from './fragmentation.ts';
import { type FreeResources, freeBeside, freeInBoth, type Holder, type Reckon } from './free.ts';
import type { Roomy } from './placement.ts';
import { ratingOf } from './rating.ts';
import type { Host, Need } from './resources.ts';

/**
 * What was worked out about hosts and holds on to the next cycle, as long as nothing changed on them. It never changes
 * what is decided: everything in here is the value of a pure function, kept beside its arguments.
 */
export class RoomMemory {
  readonly now = new FreeMemory();
  readonly later = new FreeMemory();
  readonly #hosts = new Map<string, Host>();
  readonly #both = new Map<string, { now: FreeResources; later: FreeResources; both: FreeResources }>();
  readonly #roomy = new Map<string, RoomyMemory>();
  readonly #victims = new Map<string, Map<string, KnownVictims>>();

  /** The same objects for hosts that are what they were; what is remembered of others is dropped. */
  hosts(hosts: readonly Host[]): readonly Host[] {
    if (hosts.length < this.#hosts.size) this.#forgetBut(new Set(hosts.map(({ id }) => id)));
    return hosts.map((host) => {
      const known = this.#hosts.get(host.id);
      if (known !== undefined && (known === host || isSame(known, host))) return known;
      this.#hosts.set(host.id, host);
      return host;
    });
  }

  inBoth(hostId: string, now: FreeResources, later: FreeResources): FreeResources {
    const known = this.#both.get(hostId);
    if (known?.now === now && known.later === later) return known.both;
    const both = freeInBoth(now, later);
    this.#both.set(hostId, { now, later, both });
    return both;
  }

  roomy(view: 'now' | 'later', need: Need): RoomyMemory {
    return remembered(this.#roomy, `${view} ${needKey(need)}`, () => new RoomyMemory());
  }

  /** By host. */
  victims(need: Need, turn: number): Map<string, KnownVictims> {
    return remembered(this.#victims, `${turn} ${needKey(need)}`, () => new Map<string, KnownVictims>());
  }

  #forgetBut(ids: ReadonlySet<string>): void {
    for (const id of this.#hosts.keys()) if (!ids.has(id)) this.#hosts.delete(id);
    for (const id of this.#both.keys()) if (!ids.has(id)) this.#both.delete(id);
    this.now.forgetBut(ids);
    this.later.forgetBut(ids);
    this.#roomy.clear();
    this.#victims.clear();
  }
}

/** More kinds of needs than this at once, and what is known of all is dropped. */
const MOST_NEEDS = 256;

function remembered<Value>(known: Map<string, Value>, key: string, make: () => Value): Value {
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= MOST_NEEDS) known.clear();
  const made = make();
  known.set(key, made);
  return made;
}

/** All of a need that says which hosts can hold it, and what it does to them. */
export const needKey = (n: Need): string =>
  `${n.runtime} ${n.memoryMiB} ${n.cpus} ${n.gpus} ${n.gpuShareMiB} ${n.vramMiB} ${n.gpuType ?? ''} ${labelsKey(n.labels)}`;

/** What is free on each host under one view, as long as its holders stay. */
export class FreeMemory {
  readonly #known = new Map<string, { host: Host; holders: readonly Holder[]; free: FreeResources }>();

  readonly reckon: Reckon = (host, holders) => {
    const known = this.#known.get(host.id);
    if (known !== undefined && known.host === host && areSame(known.holders, holders, holdsSame)) return known.free;
    const free = freeBeside(host, holders);
    this.#known.set(host.id, { host, holders, free });
    return free;
  };

  forgetBut(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }
}

/** A view of the fleet: what is free, and on which hosts that has changed since the view was opened. */
export interface View {
  readonly hosts: readonly Host[];
  readonly free: (host: Host) => FreeResources;
  readonly changed: readonly Host[];
}

/** The hosts with room for one kind of need, under one view. Only hosts where something changed are looked at again. */
export class RoomyMemory {
  readonly #known = new Map<string, { host: Host; free: FreeResources; roomy: Roomy | null }>();
  readonly #roomy = new Map<string, Roomy>();
  #view: View | null = null;
  #shapes: readonly TypicalShape[] | null = null;
  #seen = 0;

  of(view: View, need: Need, shapes: readonly TypicalShape[]): Iterable<Roomy> {
    if (shapes !== this.#shapes) this.#known.clear();
    const isNew = view !== this.#view || shapes !== this.#shapes;
    const rate = ratingOf(need, shapes);
    for (const host of isNew ? view.hosts : view.changed.slice(this.#seen)) {
      const roomy = takes(host, need) ? this.#look(host, view.free(host), rate) : null;
      if (roomy === null) this.#roomy.delete(host.id);
      else this.#roomy.set(host.id, roomy);
    }
    this.#view = view;
    this.#shapes = shapes;
    this.#seen = view.changed.length;
    return this.#roomy.values();
  }

  #look(host: Host, free: FreeResources, rate: ReturnType<typeof ratingOf>): Roomy | null {
    const known = this.#known.get(host.id);
    if (known?.host === host && known.free === free) return known.roomy;
    const rating = rate(host, free);
    const roomy = rating === null ? null : { host, rating };
    this.#known.set(host.id, { host, free, roomy });
    return roomy;
  }
}

/** Whom an eviction would take on a host with so much free, of those who may be asked there. */
export interface KnownVictims {
  readonly free: FreeResources;
  /** Their ids, in the order in which they may go. */
  readonly asked: readonly string[];
  /** Places in that order; null where all of them would not do. */
  readonly victims: readonly number[] | null;
}

export function areSame<T>(a: readonly T[], b: readonly T[], same: (a: T, b: T) => boolean): boolean {
  if (a.length !== b.length) return false;
  for (const [n, one] of a.entries()) {
    const other = b[n];
    if (other === undefined || (one !== other && !same(one, other))) return false;
  }
  return true;
}

export const areEqual = (a: string, b: string): boolean => a === b;

const holdsSame = (a: Holder, b: Holder): boolean =>
  a.memoryMiB === b.memoryMiB &&
  a.cpus === b.cpus &&
  a.gpuShareMiB === b.gpuShareMiB &&
  areSame(a.deviceIds, b.deviceIds, areEqual);

const isSame = (a: Host, b: Host): boolean =>
  a.cordoned === b.cordoned &&
  a.draining === b.draining &&
  a.lost === b.lost &&
  a.memoryMiB === b.memoryMiB &&
  a.cpus === b.cpus &&
  areSame(a.runtimes, b.runtimes, areEqual) &&
  areSame(a.images, b.images, areEqual) &&
  labelsKey(a.labels) === labelsKey(b.labels) &&
  areSame(a.devices, b.devices, (x, y) => x.id === y.id && x.name === y.name && x.vramMiB === y.vramMiB);
