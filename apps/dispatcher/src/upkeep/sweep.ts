import type { PredictionRow } from '@hearth/store';
import type { Context } from '../context.ts';
import { cogIdOf } from '../runs/runs.ts';
import { createBudgetCheck } from './budget-check.ts';

const PAGE = 500;
/** How long an `Idempotency-Key` stands for its prediction. Clients repeat within seconds. */
const KEY_LIFE_MS = 24 * 3_600_000;
/** Keys forgotten by one sweep: a day of many is forgotten over several, and none of them holds the table for long. */
const KEYS_AT_ONCE = 5_000;
/** How long it can be read what was sent to a webhook. */
const MESSAGE_LIFE_MS = 30 * 24 * 3_600_000;
const MESSAGES_AT_ONCE = 5_000;
/** How long it can be seen when an instance was busy. */
const BUSY_LIFE_MS = 90 * 24 * 3_600_000;
const BUSY_DAYS_AT_ONCE = 5_000;

/** Makes up for what the queue or a broken connection forgot. Overlapping calls are the caller's to avoid. */
export interface Sweep {
  run(): Promise<void>;
}

export function createSweep(context: Context): Sweep {
  const { store, log } = context;
  const checkBudgets = createBudgetCheck(context);
  let strays: ReadonlySet<string> = new Set();
  return {
    async run() {
      try {
        await rebaseQueues(context);
        await restoreTickets(context);
        strays = await returnStrays(context, await store.predictions.processing(), strays);
        await store.predictions.forgetKeys(context.now() - KEY_LIFE_MS, KEYS_AT_ONCE);
        await checkBudgets();
        context.webhooks.look();
        await store.messages.removeBefore(context.now() - MESSAGE_LIFE_MS, MESSAGES_AT_ONCE);
        await store.history.removeBusyBefore(context.now() - BUSY_LIFE_MS, BUSY_DAYS_AT_ONCE);
      } catch (error) {
        log.error({ err: error }, 'a sweep failed; the next one makes up for it');
      }
    },
  };
}

/** Level-triggered like everything here: the tickets follow by being restored, now or by the next sweep. */
async function rebaseQueues({ store, log }: Context): Promise<void> {
  const predictions = await store.predictions.rebase();
  if (predictions > 0) log.info({ predictions }, 'lowered the priorities of a queue that has come far');
}

/** Every waiting prediction has a ticket: the store has the facts, the queue may be wiped at any time. */
async function restoreTickets({ store, queues, log, metrics, closing }: Context): Promise<void> {
  let after: string | null = null;
  for (;;) {
    const tickets = await store.predictions.waitingTickets(after, PAGE);
    const missing = tickets.length === 0 ? 0 : await queues.restore(tickets);
    if (missing > 0) log.info({ tickets: missing }, 'restored tickets that the queue had lost');
    metrics.restored(missing);
    after = tickets.at(-1)?.predictionId ?? null;
    if (tickets.length < PAGE || closing.aborted) return;
  }
}

/**
 * Predictions `processing` with no run: a claim whose answer was lost with the connection. They were never sent, so they
 * are not lost attempts. One seen once may just be between its claim and its run; seen twice, it is a stray.
 */
async function returnStrays(
  { store, queues, bus, log, runs }: Context,
  processing: readonly PredictionRow[],
  seenBefore: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const strays = processing.filter((row) => runs.get(cogIdOf(row.id, row.attempt)) === undefined);
  for (const row of strays) {
    if (!seenBefore.has(cogIdOf(row.id, row.attempt))) continue;
    const waiting = await store.predictions.giveBack(row.id, row.attempt, false);
    if (!waiting) continue;
    log.warn({ predictionId: row.id }, 'nobody ran a claimed prediction; back to the queue');
    bus.announce({ id: row.id, kind: 'returned' });
    await queues.enqueue(row.deploymentId, { predictionId: row.id, attempt: waiting.attempt }, waiting.priority);
  }
  return new Set(strays.map((row) => cogIdOf(row.id, row.attempt)));
}
