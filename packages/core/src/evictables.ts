import { type Eviction, evictionOn, victimsOn } from './eviction.ts';
import { goesFirst, type Spare } from './eviction-order.ts';
import { takes } from './fit.ts';
import { NO_SHAPES } from './fragmentation.ts';
import { byId, type Instance } from './instance.ts';
import { cheapest } from './placement.ts';
import type { Host, Need } from './resources.ts';
import { areEqual, areSame, needKey, type RoomMemory } from './room-memory.ts';
import type { Views } from './views.ts';

type Turn = Spare['turn'];

/** Whom one host would give up, and the one of them that is missed most. */
interface Offer {
  readonly host: Host;
  readonly victims: readonly Instance[];
  readonly dearest: Spare;
}

const NO_SIBLINGS = new Map<string, number>();

/** The fewest victims first, of as few those that may go first. */
const easiestFirst = (a: Offer, b: Offer): number =>
  a.victims.length - b.victims.length || goesFirst(a.dearest, b.dearest) || byId(a.host, b.host);

/**
 * The idle instances that may go where others need their room, of one cycle. What each host could offer for a need is
 * worked out once, and again only where something happened meanwhile.
 */
export class Evictables {
  readonly #views: Views;
  readonly #memory: RoomMemory;
  readonly #spares: () => readonly Spare[];
  readonly #offers = new Map<string, readonly Offer[]>();
  #byHost: ReadonlyMap<string, readonly Spare[]> | null = null;

  /** `spares`: asked at most once, and only where room is short. */
  constructor(views: Views, memory: RoomMemory, spares: () => readonly Spare[]) {
    this.#views = views;
    this.#memory = memory;
    this.#spares = spares;
  }

  /** Whose turn it may be: a later turn only where it adds somebody who may be asked. */
  turns(may: (instance: Instance) => boolean): readonly Turn[] {
    const spares = [...this.#onHosts().values()];
    return ([0, 1, 2] as const).filter((turn) =>
      spares.some((here) => here.some((spare) => spare.turn === turn && may(spare.instance))),
    );
  }

  /** As `evictionFor` with all that may be asked up to this turn. `may`: none but those that still stay. */
  evict(need: Need, turn: Turn, may: (instance: Instance) => boolean): Eviction | null {
    const fits = cheapest(this.#views.roomyLater(need, NO_SHAPES), need, NO_SIBLINGS);
    if (fits !== null) return { placement: fits.placement, victims: [] };
    const offers = this.#offersOf(need, turn);
    const doubtful = new Set(this.#views.changed);
    for (const host of this.#views.hosts) if (!this.#mayAllGo(host, turn, may)) doubtful.add(host);
    let best = offers.find(({ host }) => !doubtful.has(host)) ?? null;
    for (const host of doubtful) {
      const offer = this.#look(host, need, turn, may);
      if (offer !== null && (best === null || easiestFirst(offer, best) < 0)) best = offer;
    }
    return best === null ? null : evictionOn(best.host, this.#views.freeLater(best.host), need, best.victims);
  }

  #onHosts(): ReadonlyMap<string, readonly Spare[]> {
    this.#byHost ??= Map.groupBy(this.#spares().toSorted(goesFirst), ({ instance }) => instance.hostId);
    return this.#byHost;
  }

  #mayAllGo(host: Host, turn: Turn, may: (instance: Instance) => boolean): boolean {
    const here = this.#onHosts().get(host.id) ?? [];
    return here.every((spare) => spare.turn > turn || may(spare.instance));
  }

  /** Of every host, the easiest first, as if all could be asked that stay. */
  #offersOf(need: Need, turn: Turn): readonly Offer[] {
    const key = `${turn} ${needKey(need)}`;
    const known = this.#offers.get(key);
    if (known !== undefined) return known;
    const stays = (i: Instance): boolean => this.#views.stays(i);
    const offers = this.#views.hosts
      .flatMap((host) => this.#look(host, need, turn, stays) ?? [])
      .toSorted(easiestFirst);
    this.#offers.set(key, offers);
    return offers;
  }

  #look(host: Host, need: Need, turn: Turn, may: (instance: Instance) => boolean): Offer | null {
    if (!takes(host, need)) return null;
    const here = this.#onHosts().get(host.id) ?? [];
    const asked = here.filter((spare) => spare.turn <= turn && may(spare.instance));
    if (asked.length === 0) return null;
    const free = this.#views.freeLater(host);
    const known = this.#memory.victims(need, turn);
    const ids = asked.map(({ instance }) => instance.id);
    const before = known.get(host.id);
    let places = before?.victims ?? null;
    if (before?.free !== free || !areSame(before.asked, ids, areEqual)) {
      const instances = asked.map(({ instance }) => instance);
      const victims = victimsOn(host, free, need, instances);
      places = victims === null ? null : victims.map((victim) => instances.indexOf(victim));
      known.set(host.id, { free, asked: ids, victims: places });
    }
    const victims = (places ?? []).flatMap((place) => asked[place] ?? []);
    const dearest = victims.toSorted(goesFirst).at(-1);
    return dearest === undefined ? null : { host, victims: victims.map(({ instance }) => instance), dearest };
  }
}
