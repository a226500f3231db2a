import { setTimeout as delay } from 'node:timers/promises';

/** As in B and coglet. */
const LIMIT_MS = 5_000;

/** Runs a model's own check. @returns what is wrong, in the words of B; null: nothing. */
export async function complaintOf(check: () => boolean | Promise<boolean>): Promise<string | null> {
  const late = new AbortController();
  try {
    const limit = delay(LIMIT_MS, 'late' as const, { signal: late.signal, ref: false });
    // Aborted once the check has answered; nobody waits for it any more then.
    limit.catch(() => undefined);
    const healthy = await Promise.race([check(), limit]);
    if (healthy === 'late')
      return `Healthcheck failed: user-defined healthcheck timed out after ${LIMIT_MS / 1000} seconds`;
    return healthy ? null : 'Healthcheck failed: user-defined healthcheck returned False';
  } catch (error) {
    return `Healthcheck failed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    late.abort();
  }
}
