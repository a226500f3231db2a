import { Readable } from 'node:stream';
import type { StreamPosition } from './stream.ts';
import type { TailReader, Tails } from './tails.ts';

/** Python's client gives up after 30 s of silence (contract §2). */
const KEEP_ALIVE_MS = 10_000;
/** A reader that does not take what it is sent is kept no more than this and one chunk. */
const BUFFERED_BYTES = 32 * 1024;

/**
 * The body of a stream: everything from a position on, then what comes, until `done`. What a reader is too slow for waits
 * in the tail, which all readers share.
 */
export class EventStream extends Readable {
  readonly #reader: TailReader;
  #position: StreamPosition;
  /** The buffer has room. */
  #wanted = false;
  #ended = false;
  readonly #keepAlive = setInterval(() => this.#sayAlive(), KEEP_ALIVE_MS);

  /** Ends early when `closing` fires. Null where there is no such prediction. @throws what the store throws */
  static async open(tails: Tails, id: string, from: StreamPosition, closing: AbortSignal): Promise<EventStream | null> {
    let stream: EventStream | null = null;
    const reader = await tails.open(id, () => {
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

  private constructor(reader: TailReader, from: StreamPosition) {
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
