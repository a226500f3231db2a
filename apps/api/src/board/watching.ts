import type { Logger } from '@hearth/kit';
import type { Bus } from '@hearth/queue';
import type { EventChunk, EventReader } from '../event-stream.ts';
import type { Identity } from '../plugins/auth.ts';
import { type Board, type BoardRows, changeBetween, EMPTY_BOARD, settled, snapshotOf } from './board.ts';

/** What one look at the store found, for everybody who watches. */
export interface Look {
  /** Something boots, leaves, waits or runs: it may say something else in a moment, without a word on the bus. */
  readonly stirs: boolean;
  /** What of it somebody may see. */
  rowsFor(caller: Identity): Promise<BoardRows>;
}

/** The board, looked at once for all who watch it in this process, and only while somebody does. */
export interface Watching {
  /** `onNews` is called whenever there may be more to read. */
  open(caller: Identity, onNews: () => void): EventReader<Board | null>;
  close(): void;
}

export interface WatchingDeps {
  readonly bus: Pick<Bus, 'onPoke' | 'onNotice'>;
  readonly log: Logger;
  readonly now: () => number;
  /** `accountIds`: whose predictions are wanted. */
  readonly look: (accountIds: readonly string[]) => Promise<Look>;
}

/** People do not see faster, and a look costs the store some milliseconds. */
const LIVE_MS = 300;
/** A poke may be lost. */
const CALM_MS = 2_000;

/** How long after a look began the next one is due. Pure. */
export const nextLookMs = (stirs: boolean, heard: boolean): number => (stirs || heard ? LIVE_MS : CALM_MS);

export function createWatching(deps: WatchingDeps): Watching {
  return new SharedWatching(deps);
}

/** Those who may see the same: one account, or the operator. */
class Audience {
  readonly caller: Identity;
  readonly listeners = new Set<() => void>();
  board: Board = EMPTY_BOARD;
  /** Its first look is done. */
  isSet = false;
  readonly #now: () => number;
  /** Most have the same board, so the way from it to the newest is put into words once. */
  #chunks = new Map<Board | null, EventChunk<Board | null>>();

  constructor(caller: Identity, now: () => number) {
    this.caller = caller;
    this.#now = now;
  }

  see(rows: BoardRows): void {
    const board = settled(this.board, rows);
    if (this.isSet && board === this.board) return;
    this.board = board;
    this.isSet = true;
    this.#chunks = new Map();
    for (const listener of this.listeners) listener();
  }

  /** A reader who was slow goes from what it has to what is there now: nothing is kept for it meanwhile. */
  after(position: Board | null): EventChunk<Board | null> | null {
    if (!this.isSet || position === this.board) return null;
    const known = this.#chunks.get(position);
    if (known !== undefined) return known;
    const at = new Date(this.#now()).toISOString();
    const [event, data] =
      position === null
        ? ['snapshot', snapshotOf(this.board, at)]
        : ['change', changeBetween(position, this.board, at)];
    const bytes = Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    const chunk = { bytes, position: this.board, last: false };
    this.#chunks.set(position, chunk);
    return chunk;
  }
}

class SharedWatching implements Watching {
  readonly #deps: WatchingDeps;
  readonly #audiences = new Map<string, Audience>();
  #stopListening: readonly (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #stirs = false;
  #heard = false;
  #isLooking = false;

  constructor(deps: WatchingDeps) {
    this.#deps = deps;
  }

  open(caller: Identity, onNews: () => void): EventReader<Board | null> {
    const key = `${caller.operator} ${caller.account.id}`;
    const audience = this.#audiences.get(key) ?? new Audience(caller, this.#deps.now);
    if (this.#audiences.size === 0) this.#listen();
    this.#audiences.set(key, audience);
    const listener = (): void => onNews();
    audience.listeners.add(listener);
    if (!audience.isSet) this.#hear();
    return {
      after: (position) => audience.after(position),
      close: () => {
        if (!audience.listeners.delete(listener) || audience.listeners.size > 0) return;
        this.#audiences.delete(key);
        if (this.#audiences.size === 0) this.close();
      },
    };
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
    this.#stopListening = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    // The look that was due for it is off, so whoever comes next has to be heard anew.
    this.#heard = false;
  }

  #listen(): void {
    const { bus } = this.#deps;
    const hear = (): void => this.#hear();
    this.#stopListening = [
      bus.onPoke('api', hear),
      bus.onPoke('scheduler', hear),
      bus.onPoke('dispatcher', hear),
      bus.onNotice(({ kind }) => {
        if (kind === 'started' || kind === 'finished' || kind === 'returned') this.#hear();
      }),
    ];
  }

  #hear(): void {
    if (this.#heard) return;
    this.#heard = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isLooking || this.#audiences.size === 0) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const dueAt = this.#lookedAt + nextLookMs(this.#stirs, this.#heard);
    this.#timer = setTimeout(() => void this.#look(), Math.max(0, dueAt - performance.now()));
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    this.#heard = false;
    this.#lookedAt = performance.now();
    try {
      const audiences = [...this.#audiences.values()];
      const found = await this.#deps.look([...new Set(audiences.map(({ caller }) => caller.account.id))]);
      this.#stirs = found.stirs;
      for (const audience of audiences) audience.see(await found.rowsFor(audience.caller));
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'the board could not be looked at; looking again soon');
    } finally {
      this.#isLooking = false;
      this.#schedule();
    }
  }
}
