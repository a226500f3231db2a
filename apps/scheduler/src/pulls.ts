import { once } from 'node:events';
import type { PullProgress } from '@hearth/core';
import type { Clock } from './clock.ts';
import { copyImage } from './image-copy.ts';
import { BootFailure, type ImageFacts, type Runtime } from './runtime/runtime.ts';

/** A pull that gets no byte for this long has stalled; however slow, one that moves goes on. */
const PULL_STALL_MS = 120_000;
/** One engine packs a copy before its first byte, and the other unpacks it after the last; who is lost is cut off anyway. */
const COPY_STALL_MS = 600_000;

export interface PullsSettings {
  readonly clock: Clock;
  /** It came, and was not there before. Never rejects. */
  readonly brought?: (runtime: Runtime, image: string, facts: ImageFacts) => Promise<void>;
  /** Another host that has a pinned image, for where no registry gives it. */
  readonly holder?: (image: string, lacking: Runtime) => Promise<Runtime | null>;
}

type OnProgress = (progress: PullProgress) => void;

/** One pull, and everybody who waits for it. */
interface Shared {
  readonly done: Promise<void>;
  readonly giveUp: AbortController;
  readonly waiting: Set<OnProgress>;
  latest: PullProgress | null;
}

/**
 * Pulls of images: each image to each host once at a time, whoever wants it: boots, imports, or what is fetched ahead. What
 * no registry gives is copied from a host that has it.
 */
export class Pulls {
  readonly #settings: PullsSettings;
  readonly #running = new Map<Runtime, Map<string, Shared>>();

  constructor(settings: PullsSettings) {
    this.#settings = settings;
  }

  /**
   * Resolves when the image is there. Whoever comes while it is under way waits for the same pull, which ends when nobody
   * waits for it any more.
   * @throws BootFailure `timeout` when nothing moves for minutes, else as the runtime's `pull`; the signal's reason
   */
  async pull(runtime: Runtime, image: string, signal: AbortSignal, onProgress: OnProgress = () => {}): Promise<void> {
    signal.throwIfAborted();
    const shared = this.#running.get(runtime)?.get(image) ?? this.#begin(runtime, image);
    // A function of its own for each who waits, so that one who leaves takes nobody else along.
    const tell: OnProgress = (progress) => onProgress(progress);
    shared.waiting.add(tell);
    if (shared.latest !== null) tell(shared.latest);
    const over = new AbortController();
    try {
      await Promise.race([shared.done, rejectWhenAborted(signal, over.signal)]);
    } finally {
      over.abort();
      shared.waiting.delete(tell);
      if (shared.waiting.size === 0) this.#end(runtime, image, shared);
    }
  }

  #begin(runtime: Runtime, image: string): Shared {
    const giveUp = new AbortController();
    const waiting = new Set<OnProgress>();
    const onProgress: OnProgress = (progress) => {
      shared.latest = progress;
      for (const tell of waiting) tell(progress);
    };
    const shared: Shared = {
      done: this.#pull(runtime, image, onProgress, giveUp.signal),
      giveUp,
      waiting,
      latest: null,
    };
    // Whoever waits hears of a failure; where all have left, nobody needs to.
    shared.done.catch(() => {});
    const onHost = this.#running.get(runtime) ?? new Map<string, Shared>();
    this.#running.set(runtime, onHost.set(image, shared));
    return shared;
  }

  #end(runtime: Runtime, image: string, shared: Shared): void {
    shared.giveUp.abort();
    const onHost = this.#running.get(runtime);
    if (onHost?.get(image) === shared) onHost.delete(image);
    if (onHost?.size === 0) this.#running.delete(runtime);
  }

  async #pull(runtime: Runtime, image: string, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    const { brought } = this.#settings;
    // Where it does not say what it has, the pull fails in better words, or brings what will not count as brought.
    const before = brought === undefined ? null : await runtime.images().catch(() => null);
    await this.#fetch(runtime, image, onProgress, signal);
    if (before === null) return;
    const facts = await runtime.inspectImage(image);
    // Under another name it was there already, so it is somebody else's.
    if (facts !== null && !before.includes(facts.id)) await brought?.(runtime, image, facts);
  }

  async #fetch(runtime: Runtime, image: string, onProgress: OnProgress, signal: AbortSignal): Promise<void> {
    const { clock, holder } = this.#settings;
    const pulling = { clock, what: `Pulling ${image}`, stallMs: PULL_STALL_MS };
    try {
      await whileItMoves(pulling, (tell, end) => runtime.pull(image, tell, end), onProgress, signal);
    } catch (error) {
      if (!(error instanceof BootFailure) || error.kind !== 'image_missing') throw error;
      const from = (await holder?.(image, runtime)) ?? null;
      if (from === null) throw error;
      const copying = { clock, what: `Copying ${image}`, stallMs: COPY_STALL_MS };
      await whileItMoves(
        copying,
        (tell, end) => copyImage({ image, from, to: runtime }, tell, end),
        onProgress,
        signal,
      );
    }
  }
}

interface Moving {
  readonly clock: Clock;
  /** `Pulling ocr:1` */
  readonly what: string;
  readonly stallMs: number;
}

/** @throws BootFailure `timeout` where nothing moves for `stallMs` */
async function whileItMoves(
  { clock, what, stallMs }: Moving,
  work: (onProgress: OnProgress, signal: AbortSignal) => Promise<void>,
  onMove: OnProgress,
  signal: AbortSignal,
): Promise<void> {
  const stalled = new AbortController();
  let cancel = (): void => {};
  const stallsAfter = ({ bytes }: PullProgress): void => {
    cancel();
    cancel = clock.after(stallMs, () => {
      const message = `${what} stalled: nothing moved for ${stallMs / 1000} s after ${bytes} bytes.`;
      stalled.abort(new BootFailure('timeout', message));
    });
  };
  const onProgress: OnProgress = (progress) => {
    stallsAfter(progress);
    onMove(progress);
  };
  stallsAfter({ bytes: 0, totalBytes: null });
  try {
    await work(onProgress, AbortSignal.any([signal, stalled.signal]));
  } catch (error) {
    throw stalled.signal.aborted ? stalled.signal.reason : error;
  } finally {
    cancel();
  }
}

/** Never resolves; rejects with the reason of `signal`, unless `ended` aborts first. */
export async function rejectWhenAborted(signal: AbortSignal, ended: AbortSignal): Promise<never> {
  signal.throwIfAborted();
  await once(signal, 'abort', { signal: ended });
  throw signal.reason;
}
