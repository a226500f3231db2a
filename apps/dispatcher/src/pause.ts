import { setTimeout as delay } from 'node:timers/promises';

/** Waits, or less where the signal says that it is over. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Waits for the promise, but no longer than this. @throws what it rejects with in that time */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const patience = new AbortController();
  await Promise.race([promise, pause(ms, patience.signal)]);
  patience.abort();
}
