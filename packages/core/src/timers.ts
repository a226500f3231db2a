import type { Millis } from './time.ts';

/**
 * An instant for each of many: whose has come, and which is next. All are looked at each time, side by side in memory,
 * which for ten thousand takes microseconds.
 */
export class Timers {
  readonly #ids: (string | null)[] = [];
  readonly #places = new Map<string, number>();
  readonly #free: number[] = [];
  #at = new Float64Array(64).fill(Infinity);

  /** -Infinity: always due; Infinity: never. */
  set(id: string, at: Millis): void {
    const place = this.#places.get(id) ?? this.#placeFor(id);
    this.#at[place] = at;
  }

  delete(id: string): void {
    const place = this.#places.get(id);
    if (place === undefined) return;
    this.#places.delete(id);
    this.#ids[place] = null;
    this.#at[place] = Infinity;
    this.#free.push(place);
  }

  due(now: Millis): readonly string[] {
    const due: string[] = [];
    this.#at.forEach((at, place) => {
      const id = at <= now ? this.#ids[place] : null;
      if (typeof id === 'string') due.push(id);
    });
    return due;
  }

  /** Infinity of none. */
  get next(): Millis {
    return this.#at.reduce((next, at) => (at < next ? at : next), Infinity);
  }

  #placeFor(id: string): number {
    const place = this.#free.pop() ?? this.#ids.length;
    this.#ids[place] = id;
    this.#places.set(id, place);
    if (place >= this.#at.length) {
      const wider = new Float64Array(2 * this.#at.length).fill(Infinity);
      wider.set(this.#at);
      this.#at = wider;
    }
    return place;
  }
}
