import type { Millis } from './time.ts';

/** What a user may be told of a prediction: its start, new output, new logs, its end. */
export type WebhookEvent = 'start' | 'output' | 'logs' | 'completed';

/** Whether a prediction's filter asks for an event. No filter asks for output and the end; an empty one for nothing (contract §3). */
export const wantsEvent = (filter: readonly string[] | null, event: WebhookEvent): boolean =>
  filter === null ? event === 'output' || event === 'completed' : filter.includes(event);

const FIRST_RETRY_MS = 1_000;
const LAST_TRY_AFTER_MS = 60_000;
/** Also where that minute went by without us: a receiver that takes its time to refuse gets more in it. */
const LEAST_TRIES = 4;

/**
 * When to try a message again that `triesMade` tries (at least 1) have not delivered; null: give up. A try that its sender
 * did not live to see the end of is none: the receiver may never have had it. The pauses are 1, 2, 4, 8,
 * 16 … seconds, and the last try is a minute after the first, so a receiver that refuses at once gets seven. Where the
 * platform itself was away for much of that minute, there are four all the same.
 * The reasons are in docs/decisions/0008-webhooks.md.
 */
export function retryAt(triesMade: number, firstTriedAt: Millis, now: Millis): Millis | null {
  const lastTryAt = firstTriedAt + LAST_TRY_AFTER_MS;
  const next = now + FIRST_RETRY_MS * 2 ** (triesMade - 1);
  if (now >= lastTryAt) return triesMade < LEAST_TRIES ? next : null;
  return Math.min(next, lastTryAt);
}
