import type { Logger } from '@hearth/kit';
import type { Store } from '@hearth/store';
import { pause } from './pause.ts';

/** Something that runs while this process leads. */
export interface Term {
  close(): Promise<void>;
}

const RETRY_MS = 1_000;
/** An address that cannot be had is a setting to mend, not a moment to wait out. */
const CANNOT_LISTEN = new Set(['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES']);

/**
 * Leads, serves, and begins anew when leadership is lost (its connection to the database broke): then another dispatcher
 * may have taken over, so what runs is left and adopted again. `start` is told how to ask whether this process still leads, right now.
 * Resolves once `signal` fires and all is closed; @throws where the callback address cannot be listened on.
 */
export async function serveTerms(
  store: Pick<Store, 'lead'>,
  log: Logger,
  signal: AbortSignal,
  start: (isLeading: () => boolean) => Promise<Term>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const leadership = await store.lead('dispatcher', signal);
      try {
        const term = await start(() => leadership.isHeld());
        await aborted(AbortSignal.any([leadership.lost, signal]));
        if (!signal.aborted) log.warn('the leadership is lost, starting over');
        await term.close();
      } finally {
        await leadership.resign();
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Error && 'code' in error && CANNOT_LISTEN.has(String(error.code))) throw error;
      log.error({ err: error }, 'cannot dispatch, trying again');
      await pause(RETRY_MS, signal);
    }
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
