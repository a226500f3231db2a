import type { Millis } from '@hearth/core';
import { request } from 'undici';
import { z } from 'zod';
import { BootFailure, logTailOf } from './runtime/runtime.ts';

/** What `GET /health-check` says, as far as a boot cares. Any other word counts as not ready yet. */
export interface Health {
  readonly status: string;
  readonly setupLogs: string;
}

/** Null where nothing answers yet. */
export type ReadHealth = (address: string, signal: AbortSignal) => Promise<Health | null>;

const HealthCheck = z.object({
  status: z.string(),
  setup: z.object({ logs: z.string().nullish() }).nullish(),
});

/** A GIL held by an import can stall a Python server for seconds; longer than this and the probe is worth repeating. */
const PROBE_TIMEOUT_MS = 5_000;

/** Cog answers 200 whatever its state: the body decides. Source: Cog's HTTP API, all generations. */
export const readHealth: ReadHealth = async (address, signal) => {
  try {
    const response = await request(`${address}/health-check`, {
      signal,
      headersTimeout: PROBE_TIMEOUT_MS,
      bodyTimeout: PROBE_TIMEOUT_MS,
    });
    const { status, setup } = HealthCheck.parse(await response.body.json());
    return { status, setupLogs: setup?.logs ?? '' };
  } catch {
    // Refused, reset, too slow or not what Cog says: not ready yet. The boot's deadline and the exit of its process end the wait.
    return null;
  }
};

/** @throws BootFailure `setup_error` with the setup's own log, where the server says that it will never be ready */
export function throwIfSetupFailed(health: Health | null): void {
  if (health?.status !== 'SETUP_FAILED' && health?.status !== 'DEFUNCT') return;
  throw new BootFailure('setup_error', 'Its setup failed.', { logTail: logTailOf(health.setupLogs) });
}

/** Ready within 4 % of the boot's length: quick for a boot of 200 ms, two probes a second for one of ten minutes. */
export const probeDelayMs = (elapsedMs: number): number => Math.min(Math.max(elapsedMs * 0.04, 10), 500);

/** A setup that goes on printing may take this many times the setup timeout, and no longer. */
const MOST_EXTENSIONS = 12;

/** A setup may be silent for `timeoutMs`; what it prints extends the deadline, within reason. */
export const setupDeadlineAt = (startedAt: Millis, lastProgressAt: Millis, timeoutMs: number): Millis =>
  Math.min(lastProgressAt + timeoutMs, startedAt + MOST_EXTENSIONS * timeoutMs);
