import { AsyncLocalStorage } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import { EventHeap, type Random } from '@hearth/sim';

/** Whose timers they are: those of one that is over never fire, those of one that is paused wait. */
export interface Owner {
  readonly isOver: boolean;
  /** 0: it is not paused. */
  readonly pausedUntil: number;
}

interface Timer {
  readonly callback: () => void;
  readonly owner: Owner | null;
  isCanceled: boolean;
}

/** Whose code runs now, through every promise and timer that it leaves behind. */
export const running = new AsyncLocalStorage<Owner>();

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  random: Math.random,
  now: performance.now.bind(performance),
  pause: timersPromises.setTimeout,
};

/** Who sets one timer after the other without a pause never stops. */
const MOST_AT_ONCE = 2_000;

/**
 * Time that stands still while anything runs, and then jumps to the next timer. It takes the place of Node's timers, and
 * chance that of `Math.random`, so that code which knows nothing of it is played through in the order that a seed says.
 */
export class VirtualTime {
  readonly #timers = new EventHeap<Timer>();
  #now: number;
  /** Timers in a row that were due at the same instant. */
  #atOnce = 0;
  /** Handed to the event loop and not called yet. */
  readonly #immediates = new Set<NodeJS.Immediate>();

  constructor(startsAt: number) {
    this.#now = startsAt;
  }

  readonly now = (): number => this.#now;

  /** Calls back once after `ms`, unless the answered function is called before. By default for whoever asks. */
  after(ms: number, callback: () => void, owner: Owner | null = running.getStore() ?? null): () => void {
    const timer: Timer = { callback, owner, isCanceled: false };
    this.#timers.push(this.#now + Math.max(0, Math.ceil(ms)), timer);
    return () => {
      timer.isCanceled = true;
    };
  }

  pause(ms: number, owner?: Owner | null): Promise<void> {
    return new Promise((resolve) => void this.after(ms, resolve, owner));
  }

  /** Plays until `until`, or until `isOver` says so. Rejects with what a callback throws. */
  async play(until: number, isOver: () => boolean): Promise<void> {
    await this.#settled();
    while (!isOver() && this.#timers.nextAt <= until) {
      const next = this.#timers.pop();
      if (next === undefined || next.event.isCanceled || next.event.owner?.isOver === true) continue;
      const { at, event } = next;
      const pausedUntil = event.owner?.pausedUntil ?? 0;
      if (pausedUntil > at) {
        this.#timers.push(pausedUntil, event);
        continue;
      }
      this.#atOnce = at > this.#now ? 0 : this.#atOnce + 1;
      if (this.#atOnce > MOST_AT_ONCE) throw new Error(`time stands still: ${MOST_AT_ONCE} timers at one instant`);
      this.#now = Math.max(this.#now, at);
      if (event.owner === null) event.callback();
      else running.run(event.owner, event.callback);
      await this.#settled();
    }
    if (!isOver()) this.#now = Math.max(this.#now, until);
  }

  /**
   * Resolves when all that could run without time passing has run: nothing here waits for a socket or a disk. One turn of
   * the event loop is not enough where a step is put off to the next one, as the body of each injected request is.
   */
  async #settled(): Promise<void> {
    do await new Promise<void>((resolve) => void real.setImmediate(resolve));
    while (this.#immediates.size > 0);
  }

  /** Puts this time in the place of the real one until the answered function is called. */
  install(random: Random): () => void {
    const timeout = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) =>
      handleOf(this.after(ms, () => callback(...args)));
    const interval = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const again = (): void => {
        cancel = this.after(Math.max(1, ms), again);
        callback(...args);
      };
      let cancel = this.after(Math.max(1, ms), again);
      return handleOf(() => cancel());
    };
    const clear = (handle: { cancel?: () => void } | undefined): void => handle?.cancel?.();
    const immediate = (callback: (...args: unknown[]) => void, ...args: unknown[]) => {
      const handle = real.setImmediate(() => {
        this.#immediates.delete(handle);
        callback(...args);
      });
      this.#immediates.add(handle);
      return handle;
    };
    const clearImmediate = (handle: NodeJS.Immediate): void => {
      this.#immediates.delete(handle);
      real.clearImmediate(handle);
    };
    Object.assign(globalThis, {
      setTimeout: timeout,
      clearTimeout: clear,
      setInterval: interval,
      clearInterval: clear,
      setImmediate: immediate,
      clearImmediate,
    });
    Math.random = random;
    performance.now = () => this.#now;
    Object.assign(timersPromises, {
      setTimeout: <Value>(ms: number, value: Value, options: { signal?: AbortSignal } = {}) =>
        this.#pauseWith(ms, value, options.signal),
    });
    syncBuiltinESMExports();
    return () => {
      const { pause, now, random: chance, ...timers } = real;
      Object.assign(globalThis, timers);
      Math.random = chance;
      performance.now = now;
      Object.assign(timersPromises, { setTimeout: pause });
      syncBuiltinESMExports();
    };
  }

  /** As `node:timers/promises` has it. */
  #pauseWith<Value>(ms: number, value: Value, signal: AbortSignal | undefined): Promise<Value> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        cancel();
        reject(new DOMException('The operation was aborted', 'AbortError'));
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', abort);
        resolve(value);
      });
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

/** What code does with a timer of Node's beside clearing it. */
function handleOf(cancel: () => void) {
  const handle = { cancel, ref: () => handle, unref: () => handle, hasRef: () => true };
  return handle;
}
