import { takes } from './fit.ts';
import { labelsKey, type TypicalShape } from './fragmentation.ts';
import { type FreeResources, freeInBoth } from './free.ts';
import type { Roomy } from './placement.ts';
import { ratingOf } from './rating.ts';
import type { Host, Need } from './resources.ts';

/** What is free in both of two views, kept by the object that says what is free in the first. */
export class BothMemory {
  readonly #known = new WeakMap<FreeResources, { later: FreeResources; both: FreeResources }>();

  of(now: FreeResources, later: FreeResources): FreeResources {
    const known = this.#known.get(now);
    if (known?.later === later) return known.both;
    const both = freeInBoth(now, later);
    this.#known.set(now, { later, both });
    return both;
  }
}

/** More kinds of needs than this at once, and what is known of all is dropped. */
const MOST_NEEDS = 256;

/** Something for each kind of need. */
export class ByNeed<Value> {
  readonly #known = new Map<string, Value>();
  readonly #make: () => Value;

  constructor(make: () => Value) {
    this.#make = make;
  }

  /** `beside`: what else tells it apart. */
  of(need: Need, beside = ''): Value {
    const key = `${beside} ${needKey(need)}`;
    const before = this.#known.get(key);
    if (before !== undefined) return before;
    if (this.#known.size >= MOST_NEEDS) this.#known.clear();
    const made = this.#make();
    this.#known.set(key, made);
    return made;
  }

  clear(): void {
    this.#known.clear();
  }
}

const keys = new WeakMap<Need, string>();

/** All of a need that says which hosts can hold it, and what it does to them. */
export function needKey(need: Need): string {
  const known = keys.get(need);
  if (known !== undefined) return known;
  const { runtime, memoryMiB, cpus, gpus, gpuShareMiB, vramMiB, gpuType, labels } = need;
  const key = `${runtime} ${memoryMiB} ${cpus} ${gpus} ${gpuShareMiB} ${vramMiB} ${gpuType ?? ''} ${labelsKey(labels)}`;
  keys.set(need, key);
  return key;
}

/** A view of the fleet: what is free, and on which hosts that has changed, one after the other. */
export interface View {
  readonly hosts: readonly Host[];
  readonly free: (host: Host) => FreeResources;
  /** Another array where nobody noted all changes: every host is to be looked at. */
  readonly changed: readonly Host[];
}

/** The hosts with room for one kind of need, under one view. Only hosts where something changed are looked at again. */
export class RoomyMemory {
  readonly #roomy = new Map<string, Roomy>();
  #changed: View['changed'] | null = null;
  #shapes: readonly TypicalShape[] | null = null;
  #seen = 0;

  of({ hosts, free, changed }: View, need: Need, shapes: readonly TypicalShape[]): Iterable<Roomy> {
    const isKnown = changed === this.#changed && shapes === this.#shapes;
    if (!isKnown) this.#roomy.clear();
    if (!isKnown || this.#seen < changed.length) {
      const rate = ratingOf(need, shapes);
      for (const host of isKnown ? changed.slice(this.#seen) : hosts) {
        const rating = takes(host, need) ? rate(host, free(host)) : null;
        if (rating === null) this.#roomy.delete(host.id);
        else this.#roomy.set(host.id, { host, rating });
      }
    }
    this.#changed = changed;
    this.#shapes = shapes;
    this.#seen = changed.length;
    return this.#roomy.values();
  }
}

/** Whom an eviction would take on a host with so much free, of those who may be asked there. */
export interface KnownVictims {
  readonly free: FreeResources;
  /** Their ids, in the order in which they may go. */
  readonly asked: readonly string[];
  /** Places in that order, the first one first; none where all of them would not do. */
  readonly victims: readonly number[];
}
