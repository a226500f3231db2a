import type { Context } from '../context.ts';

/** Sealed by one transaction: a long line is taken in parts, so that nobody waits for a turn for long. */
const BATCH = 1_000;

/** Links new usage records into their accounts' chains. Overlapping calls are the caller's to avoid. */
export interface Sealing {
  run(): Promise<void>;
}

export function createSealing({ store, log, closing }: Pick<Context, 'store' | 'log' | 'closing'>): Sealing {
  return {
    async run() {
      try {
        for (let sealed = BATCH; sealed === BATCH && !closing.aborted; ) sealed = await store.ledger.seal(BATCH);
      } catch (error) {
        log.error({ err: error }, 'could not seal usage records; the next round makes up for it');
      }
    },
  };
}
