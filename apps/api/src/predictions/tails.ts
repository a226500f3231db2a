import { createCoalescer, type Logger } from '@hearth/kit';
import type { PredictionNotice } from '@hearth/queue';
import type { PredictionRow, Store } from '@hearth/store';
import type { EventReader } from '../event-stream.ts';
import type { NoticeHub } from '../notices.ts';
import { chunkAfter, type StreamChunk, type StreamPosition } from './stream.ts';
import { Tail } from './tail.ts';

/** The tails of the predictions that are being read in this process. */
export interface Tails {
  /**
   * Resolves once what the store has is known; null where there is no such prediction. From then on `onGrowth` is called
   * whenever there may be more.
   * @throws what the store throws, where it cannot be read
   */
  open(predictionId: string, onGrowth: () => void): Promise<EventReader<StreamPosition> | null>;
}

export interface TailDeps {
  readonly store: { readonly predictions: Pick<Store['predictions'], 'get'> };
  readonly hub: Pick<NoticeHub, 'listen'>;
  readonly log: Logger;
}

/** A notice may be lost, so its absence proves nothing. */
const LOOK_MS = 10_000;

/** One tail for each prediction, whoever many read it: it costs a read of the store at first, and then only where a delta is missed. */
export function createTails(deps: TailDeps): Tails {
  const shared = new Map<string, SharedTail>();
  return {
    async open(id, onGrowth) {
      const tail = shared.get(id) ?? new SharedTail(id, deps, () => shared.delete(id));
      shared.set(id, tail);
      const leave = tail.join(onGrowth);
      try {
        if (await tail.isThere) return { after: (position) => tail.after(position), close: leave };
      } catch (error) {
        leave();
        throw error;
      }
      leave();
      return null;
    },
  };
}

class SharedTail {
  /** Whether there is such a prediction; the first look at the store says so. */
  readonly isThere: Promise<boolean>;
  readonly #id: string;
  readonly #deps: TailDeps;
  readonly #onEmpty: () => void;
  readonly #tail = new Tail();
  readonly #readers = new Set<() => void>();
  readonly #looking = createCoalescer(() => this.#lookAgain());
  readonly #stopListening: () => void;
  readonly #timer: NodeJS.Timeout;
  /** Readers mostly are at the same place, so what follows a place is put into words once. */
  #chunks = new Map<string, StreamChunk | null>();

  constructor(id: string, deps: TailDeps, onEmpty: () => void) {
    this.#id = id;
    this.#deps = deps;
    this.#onEmpty = onEmpty;
    // Before the first look: what happens after it is told.
    this.#stopListening = deps.hub.listen(id, (notice) => this.#hear(notice));
    this.#timer = setInterval(() => this.#looking.trigger(), LOOK_MS);
    this.isThere = this.#look().then((row) => row !== null);
  }

  join(onGrowth: () => void): () => void {
    const reader = () => onGrowth();
    this.#readers.add(reader);
    return () => {
      if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
      this.#stopListening();
      clearInterval(this.#timer);
      void this.#looking.close();
      this.#onEmpty();
    };
  }

  after(position: StreamPosition): StreamChunk | null {
    const place = `${position.outputs}:${position.logs}`;
    const known = this.#chunks.get(place);
    if (known !== undefined) return known;
    const chunk = chunkAfter(this.#tail, position);
    this.#chunks.set(place, chunk);
    return chunk;
  }

  #hear({ kind, delta, extent, row }: PredictionNotice): void {
    if (kind === 'delta' && delta) {
      const hadGap = this.#tail.hasGap;
      this.#tail.hearDelta(delta);
      this.#grown();
      // Once: what the store does not have by now, the notice of its being stored brings.
      if (this.#tail.hasGap && !hadGap) this.#looking.trigger();
    } else if (kind === 'progress') {
      if (!extent || this.#tail.lacks(extent)) this.#looking.trigger();
    } else if (kind === 'finished') {
      if (row === undefined) this.#looking.trigger();
      else {
        // What the dispatcher was answered by the store.
        this.#tail.hearRow(row as PredictionRow);
        this.#grown();
      }
    }
  }

  async #look(): Promise<PredictionRow | null> {
    const row = await this.#deps.store.predictions.get(this.#id);
    if (row !== null) {
      this.#tail.hearRow(row);
      this.#grown();
    }
    return row;
  }

  async #lookAgain(): Promise<void> {
    if (this.#tail.end !== null) return;
    try {
      await this.#look();
    } catch (error) {
      this.#deps.log.warn(
        { err: error, prediction: this.#id },
        'a stream could not be brought up to date; trying again',
      );
    }
  }

  #grown(): void {
    this.#chunks = new Map();
    for (const reader of this.#readers) reader();
  }
}
