import type { Bus, PredictionNotice } from '@hearth/queue';

/** One subscription to the bus, fanned out by prediction. */
export interface NoticeHub {
  /** Calls back at each notice of that prediction, until the answered function is called. */
  listen(predictionId: string, listener: (notice: PredictionNotice) => void): () => void;
  close(): void;
}

export function createNoticeHub(bus: Bus): NoticeHub {
  const listeners = new Map<string, Set<(notice: PredictionNotice) => void>>();
  const close = bus.onNotice((notice) => {
    for (const listener of listeners.get(notice.id) ?? []) listener(notice);
  });
  return {
    close,
    listen(id, listener) {
      const some = listeners.get(id) ?? new Set();
      listeners.set(id, some.add(listener));
      return () => {
        some.delete(listener);
        if (some.size === 0 && listeners.get(id) === some) listeners.delete(id);
      };
    },
  };
}

/** Remembers that something happened, so that nothing is missed between two waits. */
export interface Wake {
  /** Something happened. */
  ring(): void;
  /** Resolves with `rung` at once or at the next ring, with `timeout` after `ms`, with `aborted` when the signal says so. */
  next(ms: number, signal: AbortSignal): Promise<'rung' | 'timeout' | 'aborted'>;
}

export function createWake(): Wake {
  let rung = false;
  let waiting: (() => void) | null = null;
  return {
    ring() {
      rung = true;
      waiting?.();
    },
    next(ms, signal) {
      return new Promise((resolve) => {
        const settle = (how: 'rung' | 'timeout' | 'aborted'): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', onAbort);
          waiting = null;
          if (how === 'rung') rung = false;
          resolve(how);
        };
        const onAbort = () => settle('aborted');
        const timer = setTimeout(() => settle('timeout'), ms);
        signal.addEventListener('abort', onAbort);
        waiting = () => settle('rung');
        if (signal.aborted) settle('aborted');
        else if (rung) settle('rung');
      });
    },
  };
}
