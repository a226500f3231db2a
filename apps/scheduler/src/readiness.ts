import type { Millis } from '@hearth/core';
import { request } from 'undici';
import { z } from 'zod';
import { TOO_OLD } from './cog-age.ts';
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

/**
 * A model's own health check may take 5 s in Cog 0.16 and 10 s in coglet before its server answers in its place, and a GIL
 * held by an import stalls for seconds too; longer than this and the probe is worth repeating.
 */
const PROBE_TIMEOUT_MS = 12_000;

/**
 * Cog answers 200 whatever its state: the body decides. Source: Cog's HTTP API, all generations.
 * @throws BootFailure `setup_error` where the server has no such page, so that nobody will ever know when it is ready
 */
export const readHealth: ReadHealth = async (address, signal) => {
  try {
    const response = await request(`${address}/health-check`, {
      signal,
      headersTimeout: PROBE_TIMEOUT_MS,
      bodyTimeout: PROBE_TIMEOUT_MS,
    });
    if (response.statusCode === 404) {
      await response.body.dump();
      throw new BootFailure('setup_error', `Its server has no GET /health-check. ${TOO_OLD}`);
    }
    const { status, setup } = HealthCheck.parse(await response.body.json());
    return { status, setupLogs: setup?.logs ?? '' };
  } catch (error) {
    if (error instanceof BootFailure) throw error;
    // Refused, reset, too slow or not what Cog says: not ready yet. The boot's deadline and the exit of its process end the wait.
    return null;
  }
};

/** @throws BootFailure `setup_error` with the setup's own log, where the server says that it will never be ready */
export function throwIfSetupFailed(health: Health | null): void {
  if (health?.status !== 'SETUP_FAILED' && health?.status !== 'DEFUNCT') return;
  const logs = logTailOf(health.setupLogs).trim();
  // coglet says the error alone; what was printed before it is in the log of the instance, which is read where none is given.
  if (!logs.includes('\n') && logs !== '') throw new BootFailure('setup_error', `Its setup failed: ${logs}`);
  throw new BootFailure('setup_error', 'Its setup failed.', { logTail: logTailOf(health.setupLogs) });
}

const LONGEST_DELAY_MS = 500;
/** A setup may be this much quicker than the quickest so far before its readiness is noticed late. */
const QUICKER = 0.75;

/**
 * Ready within 4 % of the boot's length: quick for a boot of 100 ms, two probes a second for one of ten minutes. Each
 * costs about 2 ms of computing here and in the engine, which a server that sets up needs more: before `quickestMs`, which
 * its version has needed at least so far (0: unknown), it is hardly asked.
 */
export function probeDelayMs(elapsedMs: number, quickestMs = 0): number {
  const untilLikelyMs = quickestMs * QUICKER - elapsedMs;
  return Math.min(Math.max(elapsedMs * 0.04, untilLikelyMs, 3), LONGEST_DELAY_MS);
}

/** A setup that goes on printing may take this many times the setup timeout, and no longer. */
const MOST_EXTENSIONS = 12;

/** A setup may be silent for `timeoutMs`; what it prints extends the deadline, within reason. */
export const setupDeadlineAt = (startedAt: Millis, lastProgressAt: Millis, timeoutMs: number): Millis =>
  Math.min(lastProgressAt + timeoutMs, startedAt + MOST_EXTENSIONS * timeoutMs);
