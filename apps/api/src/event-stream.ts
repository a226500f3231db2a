import { Readable } from 'node:stream';

/** What takes a reader from one position to the next. */
export interface EventChunk<Position> {
  readonly bytes: Buffer;
  readonly position: Position;
  /** Nothing follows. */
  readonly last: boolean;
}

/** One reader of what many may read. */
export interface EventReader<Position> {
  /** What follows a position; null where nothing does yet. */
  after(position: Position): EventChunk<Position> | null;
  close(): void;
}

/** Python's client gives up after 30 s of silence (contract §2). */
const KEEP_ALIVE_MS = 10_000;
/** A reader that does not take what it is sent is kept no more than this and one chunk. */
const BUFFERED_BYTES = 32 * 1024;

/**
 * The body of a stream of events: everything from a position on, then what comes, until the last. What a client is too slow
 * for waits where it is read from, which all readers share.
 */
export class EventStream<Position> extends Readable {
  readonly #reader: EventReader<Position>;
  #position: Position;
  /** The buffer has room. */
  #wanted = false;
  #ended = false;
  readonly #keepAlive = setInterval(() => this.#sayAlive(), KEEP_ALIVE_MS);

  /**
   * `open` is given what to call when there may be more, and answers null where there is nothing to read. Ends early when
   * `closing` fires. @throws what `open` throws
   */
  static async open<Position>(
    open: (onGrowth: () => void) => Promise<EventReader<Position> | null>,
    from: Position,
    closing: AbortSignal,
  ): Promise<EventStream<Position> | null> {
    let stream: EventStream<Position> | null = null;
    const reader = await open(() => {
      if (stream !== null) stream.#flow();
    });
    if (reader === null) return null;
    const made = new EventStream(reader, from);
    stream = made;
    const end = (): void => made.#end();
    closing.addEventListener('abort', end);
    made.once('close', () => closing.removeEventListener('abort', end));
    if (closing.aborted) end();
    return made;
  }

  private constructor(reader: EventReader<Position>, from: Position) {
    super({ highWaterMark: BUFFERED_BYTES });
    this.#reader = reader;
    this.#position = from;
    // Says at once that there is a stream, however long its first event takes.
    this.push(': hi\n\n');
  }

  override _read(): void {
    this.#wanted = true;
    this.#flow();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stop();
    callback(error);
  }

  #flow(): void {
    while (this.#wanted && !this.#ended) {
      const chunk = this.#reader.after(this.#position);
      if (chunk === null) return;
      this.#position = chunk.position;
      this.#keepAlive.refresh();
      this.#wanted = this.push(chunk.bytes);
      if (chunk.last) this.#end();
    }
  }

  #sayAlive(): void {
    // Without room, the reader has enough to read.
    if (this.#wanted) this.#wanted = this.push(': keep-alive\n\n');
  }

  #end(): void {
    if (this.#ended) return;
    this.#stop();
    this.push(null);
  }

  #stop(): void {
    this.#ended = true;
    clearInterval(this.#keepAlive);
    this.#reader.close();
  }
}

/** For its answer. */
export const EVENT_STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Proxies would hold events back to fill their buffers.
  'x-accel-buffering': 'no',
  // A connection that idles after its stream would keep a closing server waiting.
  connection: 'close',
};
