import type { Millis } from '@hearth/core';
import type { Clock } from './clock.ts';

export interface Loop {
  /** Look again. The first one after a quiet while runs at once; a storm of them costs one cycle each `spacingMs`. */
  poke(): void;
  /** Resolves when no cycle runs. */
  idle(): Promise<void>;
  /** Starts no further cycle; resolves when the running one has ended. */
  close(): Promise<void>;
}

export interface LoopSettings {
  readonly clock: Clock;
  /** One look at the world; answers when to look again at the latest. Its errors are its own: a rejection ends the process. */
  readonly cycle: () => Promise<{ wakeAt: Millis | null }>;
  /** A lost poke costs at most this. */
  readonly lookAnywayMs: number;
  readonly spacingMs: number;
}

/** When the next cycle is due. Pure; `poked` is about pokes since the last cycle began. */
export function nextCycleAt(
  last: { readonly startedAt: Millis; readonly endedAt: Millis; readonly wakeAt: Millis | null } | null,
  poked: boolean,
  settings: Pick<LoopSettings, 'lookAnywayMs' | 'spacingMs'>,
  now: Millis,
): Millis {
  if (last === null) return now;
  const soonest = last.startedAt + settings.spacingMs;
  if (poked) return Math.max(now, soonest);
  return Math.max(soonest, Math.min(last.wakeAt ?? Infinity, last.endedAt + settings.lookAnywayMs));
}

/** Runs cycles one after the other, never two at once, the first one now. */
export function startLoop(settings: LoopSettings): Loop {
  const { clock, cycle } = settings;
  let last: Parameters<typeof nextCycleAt>[0] = null;
  let poked = false;
  let closed = false;
  let running: Promise<void> | null = null;
  let cancelTimer = (): void => {};

  const run = async (): Promise<void> => {
    poked = false;
    const startedAt = clock.now();
    const { wakeAt } = await cycle();
    last = { startedAt, endedAt: clock.now(), wakeAt };
    running = null;
    schedule();
  };
  const schedule = (): void => {
    if (running || closed) return;
    cancelTimer();
    const wait = nextCycleAt(last, poked, settings, clock.now()) - clock.now();
    if (wait <= 0) running = run();
    else cancelTimer = clock.after(wait, schedule);
  };
  schedule();

  return {
    poke() {
      poked = true;
      schedule();
    },
    async idle() {
      while (running) await running;
    },
    async close() {
      closed = true;
      cancelTimer();
      while (running) await running;
    },
  };
}
