import { type Millis, retryAt } from '@hearth/core';
import { createCoalescer } from '@hearth/kit';
import type { ClaimedMessage, PredictionRow, TryOutcome } from '@hearth/store';
import { createDeadlineTimer } from '../deadlines.ts';
import { within } from '../pause.ts';
import { isDelivered } from './webhook-post.ts';
import { neverSent, type WebhookContext, type WebhookSend } from './webhook-send.ts';
import { createWebhookSlots } from './webhook-slots.ts';
import type { RunningWebhooks } from './webhooks-running.ts';

/** Delivers the messages that the store holds: those of ends, and those that a user asked to have sent again. */
export interface Webhooks {
  /** After a prediction's end is stored. */
  ended(row: Pick<PredictionRow, 'webhook'>): void;
  /** Sends what is due, as far as there is room. */
  look(): void;
  /** Begins nothing more. Gives what is under way a moment, then cuts it off; it is due again at once, for the next dispatcher. */
  close(): Promise<void>;
}

const IN_ALL = 64;
const PER_RECEIVER = 8;
const LOOK_AGAIN_MS = 250;
const CLOSED = 'the dispatcher closed before there was an answer';
/** How long closing waits for answers, and then for the log of them. */
const CLOSE_ANSWERS_MS = 500;
const CLOSE_LOG_MS = 500;

export function createWebhooks(
  { store, log, now, timings }: WebhookContext,
  send: WebhookSend,
  running: RunningWebhooks,
): Webhooks {
  const slots = createWebhookSlots({ inAll: IN_ALL, perReceiver: PER_RECEIVER });
  const cut = new AbortController();
  const underWay = new Set<Promise<void>>();

  const looking = createCoalescer(async () => {
    try {
      await claimDue();
      const due = await store.messages.nextDue();
      // One that is due already waits for room at its receiver, or became due while we looked.
      timer.arm(due === null ? null : Math.max(due, now() + LOOK_AGAIN_MS));
    } catch (error) {
      log.error({ err: error }, 'could not look for due webhooks; looking again soon');
    }
  });
  const timer = createDeadlineTimer(now, () => looking.trigger());

  const claimDue = async (): Promise<void> => {
    if (slots.free === 0) return;
    const until = now() + timings.webhookClaimMs;
    const limits = { until, limit: slots.free, perReceiver: PER_RECEIVER, held: slots.held };
    for (const message of await store.messages.claim(now(), limits)) {
      const delivery = deliver(message).finally(() => underWay.delete(delivery));
      underWay.add(delivery);
    }
  };

  const deliver = async (message: ClaimedMessage): Promise<void> => {
    slots.take(message.receiver);
    try {
      if (message.event === 'completed') await running.over(message.predictionId);
      const row = await store.predictions.get(message.predictionId);
      const outcome = row === null ? neverSent('its prediction is gone') : await send(message, row, cut.signal);
      const next = nextOf(message, outcome, now(), cut.signal.aborted);
      await store.messages.conclude(message.id, message.tries, outcome, next);
      if (next === 'failed') log.info({ messageId: message.id, outcome }, 'gave up on a webhook');
    } catch (error) {
      // Its claim runs out, and then it is tried again.
      log.error({ err: error, messageId: message.id }, 'could not see a webhook through');
    } finally {
      slots.give(message.receiver);
      // What had no room may have it now, and a retry wants the timer.
      looking.trigger();
    }
  };

  return {
    ended(row) {
      if (row.webhook !== null) looking.trigger();
    },
    look: () => looking.trigger(),
    async close() {
      await within(CLOSE_ANSWERS_MS, Promise.all([looking.close(), ...underWay]));
      cut.abort(CLOSED);
      await within(CLOSE_LOG_MS, Promise.all(underWay));
      timer.close();
    },
  };
}

/** What follows a try. Only the message of an end is tried again; one that we cut off ourselves goes on at once. */
function nextOf(
  { event, endedTries, firstTriedAt }: ClaimedMessage,
  outcome: TryOutcome,
  now: Millis,
  isCutOff: boolean,
): 'delivered' | 'failed' | { retryAt: Millis } {
  if (isDelivered(outcome)) return 'delivered';
  if (isCutOff) return { retryAt: now };
  const next = event === 'completed' ? retryAt(endedTries + 1, firstTriedAt, now) : null;
  return next === null ? 'failed' : { retryAt: next };
}
