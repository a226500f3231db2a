import { isTerminal } from '@hearth/core';
import type { PredictionRow, Store } from '@hearth/store';
import { createWake, type NoticeHub } from '../notices.ts';

/** How often a hold looks by itself. A notice may be lost, so its absence proves nothing. */
const LOOK_MS = 2_000;

export interface EndWatch {
  /** The row once it is terminal; null when the time is up or `signal` fires. */
  wait(ms: number, signal: AbortSignal): Promise<PredictionRow | null>;
  stop(): void;
}

/** Watches for the end of one prediction. Made before the prediction is queued, it cannot miss the notice. */
export function watchEnd(id: string, { store, hub }: { store: Store; hub: NoticeHub }): EndWatch {
  const wake = createWake();
  let told: PredictionRow | null = null;
  const stop = hub.listen(id, ({ kind, row }) => {
    if (kind !== 'finished') return;
    // What the dispatcher was answered by the store; a large one is read here.
    told = (row as PredictionRow | undefined) ?? null;
    wake.ring();
  });
  return {
    stop,
    async wait(ms, signal) {
      const until = performance.now() + ms;
      for (let left = ms; left > 0; left = until - performance.now()) {
        const woken = await wake.next(Math.min(left, LOOK_MS), signal);
        if (woken === 'aborted') return null;
        const row = told ?? (await store.predictions.get(id));
        if (row !== null && isTerminal(row.status)) return row;
      }
      return null;
    },
  };
}
