import type { WirePrediction } from '@hearth/contract';
import type { Delivery } from '../src/webhook-receiver.ts';
import type { Wanted } from './plan.ts';

export type Status = WirePrediction['status'];
export const isTerminal = (status: Status): boolean =>
  status === 'succeeded' || status === 'failed' || status === 'canceled';

/** What somebody outside saw of a prediction. */
export interface Sighting {
  readonly via: 'create' | 'poll' | 'client' | 'cancel' | 'list' | 'stream' | 'webhook';
  /** When it was asked for, by the clock of the run. */
  readonly askedAtMs: number;
  readonly atMs: number;
  readonly status: Status;
}

/** All that the outside knows of one prediction. */
export interface Entry {
  readonly id: string;
  /** Null: found in a list, and nobody knows what for. */
  readonly wanted: Wanted | null;
  /** Its creation was answered with a success. */
  acknowledged: boolean;
  readonly sightings: Sighting[];
  /** The text that came over its stream; null: not read to the end. */
  streamed: string | null;
  /** Where its stream is; null where nobody was told. */
  streamUrl: string | null;
  /** When it was asked for after its acknowledgement, and said not to exist; null: never. */
  missingAtMs: number | null;
}

export interface ReceivedDelivery {
  readonly n: number;
  readonly delivery: Delivery;
  readonly atMs: number;
  /** What it was answered; null: nothing. */
  readonly answered: number | null;
  /** Null: signed as it should be. */
  readonly refused: string | null;
}

/** The view from outside of a whole run. */
export class Book {
  readonly entries = new Map<string, Entry>();
  /** Ids by what was asked for. */
  readonly idsOf = new Map<number, Set<string>>();
  readonly deliveries: ReceivedDelivery[] = [];
  /** Asked for, and the answer never came: they may exist. */
  readonly unknown = new Set<number>();
  /** Valid requests that were refused for good, and with what. */
  readonly refused = new Map<number, string>();
  /** Requests that have no answer yet. */
  asking = 0;
  readonly #startedAt = performance.now();

  /** Milliseconds since the book was opened. */
  now(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  entry(id: string, wanted: Wanted | null): Entry {
    const known = this.entries.get(id);
    if (known) return known;
    const nothing = { streamed: null, streamUrl: null, missingAtMs: null };
    const entry: Entry = { id, wanted, acknowledged: false, sightings: [], ...nothing };
    this.entries.set(id, entry);
    if (wanted !== null) this.idsOf.set(wanted.n, (this.idsOf.get(wanted.n) ?? new Set()).add(id));
    return entry;
  }

  saw(entry: Entry, via: Sighting['via'], askedAtMs: number, status: Status): void {
    entry.sightings.push({ via, askedAtMs, atMs: this.now(), status });
  }

  ended(entry: Entry): boolean {
    return entry.sightings.some(({ status }) => isTerminal(status));
  }

  get acknowledged(): number {
    return [...this.entries.values()].filter((entry) => entry.acknowledged).length;
  }
}
