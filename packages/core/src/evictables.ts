import { type Eviction, evictionOn, victimsOn } from './eviction.ts';
import { goesFirst, type Spare, spareOf } from './eviction-order.ts';
import { takes } from './fit.ts';
import { byId, type Instance } from './instance.ts';
import type { Host, Need } from './resources.ts';
import { ByNeed, type KnownVictims } from './room-memory.ts';
import type { Deployment } from './snapshot.ts';
import type { Millis } from './time.ts';
import type { Views } from './views.ts';

type Turn = Spare['turn'];
const TURNS: readonly Turn[] = [0, 1, 2];

/** An idle instance that nobody needs, inside its keep-alive. */
export interface Idle {
  readonly instance: Instance;
  readonly deployment: Deployment;
}

/** Whom one host would give up, and the one of them that is missed most. */
interface Offer {
  readonly host: Host;
  readonly victims: readonly Instance[];
  readonly dearest: Spare;
}

/** For whom room is to be made. */
export interface Claim {
  readonly need: Need;
  /** Who may be asked: none but those that still stay. */
  readonly may: (instance: Instance) => boolean;
  /** Where there are some who may not, though they stay. */
  readonly spared: readonly string[];
}

/** The fewest victims first, of as few those that may go first. */
const easiestFirst = (a: Offer, b: Offer): number =>
  a.victims.length - b.victims.length || goesFirst(a.dearest, b.dearest) || byId(a.host, b.host);

/**
 * The idle instances that may go where others need their room. Who is idle is kept from cycle to cycle; what each host
 * could offer for a need is worked out once, and again only where something happened.
 */
export class Evictables {
  readonly #views: Views;
  readonly #idle = new Map<string, readonly Idle[]>();
  readonly #victims = new ByNeed(() => new Map<string, KnownVictims>());
  /** Of this cycle, as is all below. */
  readonly #offers = new ByNeed<{ all: readonly Offer[] | null; noneAt: number }>(() => ({ all: null, noneAt: -1 }));
  #order: ReadonlyMap<string, readonly Spare[]> | null = null;
  #turns: readonly Turn[] = [];
  #now: Millis = 0;

  constructor(views: Views) {
    this.#views = views;
  }

  /** Opens a cycle. */
  open(now: Millis): void {
    this.#now = now;
    this.#order = null;
    this.#offers.clear();
  }

  /** Some are no longer idle, or no longer what they were; others are. */
  replace(before: readonly Idle[], after: readonly Idle[]): void {
    for (const one of before) {
      const { hostId } = one.instance;
      const others = (this.#idle.get(hostId) ?? []).filter((other) => other !== one);
      if (others.length === 0) this.#idle.delete(hostId);
      else this.#idle.set(hostId, others);
    }
    for (const one of after) {
      const { hostId } = one.instance;
      this.#idle.set(hostId, [...(this.#idle.get(hostId) ?? []), one]);
    }
  }

  /** Whose turn it may be: a later turn only where it adds somebody. */
  get turns(): readonly Turn[] {
    this.#ordered();
    return this.#turns;
  }

  /** As `evictionFor` with all that may be asked up to this turn. */
  evict(claim: Claim, turn: Turn): Eviction | null {
    const { need, may, spared } = claim;
    const fits = this.#views.placeLater(need);
    if (fits !== null) return { placement: fits, victims: [] };
    const offers = this.#offers.of(need, `${turn}`);
    // Since nobody could make room for as much, room was only taken.
    if (offers.noneAt === this.#views.made) return null;
    offers.all ??= this.#views.hosts.flatMap((host) => this.#look(host, need, turn, () => true) ?? []);
    const doubtful = this.#doubtful(spared);
    let best: Offer | null = null;
    for (const offer of offers.all) {
      if ((best === null || easiestFirst(offer, best) < 0) && !doubtful.has(offer.host)) best = offer;
    }
    for (const host of doubtful) {
      const offer = this.#look(host, need, turn, may);
      if (offer !== null && (best === null || easiestFirst(offer, best) < 0)) best = offer;
    }
    if (best === null && spared.length === 0) offers.noneAt = this.#views.made;
    return best === null ? null : evictionOn(best.host, this.#views.freeLater(best.host), need, best.victims);
  }

  /** Hosts where somebody may have left since the cycle began, or is spared. */
  #doubtful(spared: readonly string[]): ReadonlySet<Host> {
    const { touched, hosts } = this.#views;
    return spared.length === 0 ? touched : new Set([...touched, ...hosts.filter(({ id }) => spared.includes(id))]);
  }

  /** The idle ones of each host, in the order in which they go now. */
  #ordered(): ReadonlyMap<string, readonly Spare[]> {
    if (this.#order !== null) return this.#order;
    const order = new Map<string, readonly Spare[]>();
    const turns = new Set<Turn>();
    for (const [hostId, idle] of this.#idle) {
      const spares = idle.map(({ instance, deployment: { policy, use } }) =>
        spareOf(instance, policy.keepAlive, use, this.#now),
      );
      order.set(hostId, spares.toSorted(goesFirst));
      for (const { turn } of spares) turns.add(turn);
    }
    this.#turns = TURNS.filter((turn) => turns.has(turn));
    this.#order = order;
    return order;
  }

  #look(host: Host, need: Need, turn: Turn, may: Claim['may']): Offer | null {
    const order = this.#ordered().get(host.id);
    if (order === undefined || !takes(host, need)) return null;
    const mayGo = (spare: Spare): boolean => spare.turn <= turn && may(spare.instance);
    const asked = order.every(mayGo) ? order : order.filter(mayGo);
    let dearest: Spare | null = null;
    const victims: Instance[] = [];
    for (const place of this.#placesOf(host, need, asked, this.#victims.of(need, `${turn}`))) {
      const victim = asked[place];
      if (victim === undefined) continue;
      victims.push(victim.instance);
      dearest = victim;
    }
    return dearest === null ? null : { host, victims, dearest };
  }

  /** Who has to go of those who are asked there, as places in their order; none where all of them would not do. */
  #placesOf(host: Host, need: Need, asked: readonly Spare[], known: Map<string, KnownVictims>): readonly number[] {
    const free = this.#views.freeLater(host);
    const before = known.get(host.id);
    if (before?.free === free && areTheSame(before.asked, asked)) return before.victims;
    const instances = asked.map(({ instance }) => instance);
    const found = asked.length === 0 ? null : victimsOn(host, free, need, instances);
    const victims = (found ?? []).map((victim) => instances.indexOf(victim));
    known.set(host.id, { free, asked: instances.map(({ id }) => id), victims });
    return victims;
  }
}

const areTheSame = (ids: readonly string[], spares: readonly Spare[]): boolean =>
  ids.length === spares.length && ids.every((id, n) => spares[n]?.instance.id === id);
