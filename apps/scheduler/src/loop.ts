import type { Millis } from '@hearth/core';
import type { Clock } from './clock.ts';

export interface LoopSettings {
  readonly clock: Clock;
  /** One look at the world; answers when to look again at the latest. Its errors are its own: a rejection ends the process. */
  readonly cycle: () => Promise<{ wakeAt: Millis | null }>;
  /** A lost poke costs at most this. */
  readonly lookAnywayMs: number;
  readonly spacingMs: number;
}

interface LastCycle {
  readonly startedAt: Millis;
  readonly endedAt: Millis;
  readonly wakeAt: Millis | null;
}

/** Under a storm of pokes cycles take at most a tenth of the time: predictions on warm instances need it more. */
const CYCLE_SHARE = 10;
/** However long a cycle took, a poke is heeded this soon. */
const LONGEST_REST_MS = 40;

/**
 * When the next cycle is due. Pure; `poked` is about pokes since the last cycle began. A clock that was set back says
 * nothing about when the last one was.
 */
export function nextCycleAt(
  last: LastCycle | null,
  poked: boolean,
  settings: Pick<LoopSettings, 'lookAnywayMs' | 'spacingMs'>,
  now: Millis,
): Millis {
  if (last === null || now < last.endedAt) return now;
  const restMs = Math.min((last.endedAt - last.startedAt) * CYCLE_SHARE, LONGEST_REST_MS);
  const soonest = last.startedAt + Math.max(settings.spacingMs, restMs);
  if (poked) return Math.max(now, soonest);
  return Math.max(soonest, Math.min(last.wakeAt ?? Infinity, last.endedAt + settings.lookAnywayMs));
}

/** Runs cycles one after the other, never two at once, the first one now. */
export class Loop {
  readonly #settings: LoopSettings;
  #last: LastCycle | null = null;
  #poked = false;
  #closed = false;
  #running: Promise<void> | null = null;
  #cancelTimer = (): void => {};

  constructor(settings: LoopSettings) {
    this.#settings = settings;
    this.#schedule();
  }

  /** Look again. The first one after a quiet while runs at once; a storm of them costs one cycle each `spacingMs`. */
  poke(): void {
    this.#poked = true;
    this.#schedule();
  }

  /** Resolves when no cycle runs. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** Starts no further cycle; resolves when the running one has ended. */
  close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer();
    return this.idle();
  }

  #schedule(): void {
    if (this.#running || this.#closed) return;
    this.#cancelTimer();
    const now = this.#settings.clock.now();
    const wait = nextCycleAt(this.#last, this.#poked, this.#settings, now) - now;
    if (wait <= 0) this.#running = this.#run();
    else this.#cancelTimer = this.#settings.clock.after(wait, () => this.#schedule());
  }

  async #run(): Promise<void> {
    const { clock, cycle } = this.#settings;
    this.#poked = false;
    const startedAt = clock.now();
    const { wakeAt } = await cycle();
    this.#last = { startedAt, endedAt: clock.now(), wakeAt };
    this.#running = null;
    this.#schedule();
  }
}
