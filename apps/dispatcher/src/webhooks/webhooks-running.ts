import { wantsEvent } from '@hearth/core';
import { newMessageId, type PredictionRow } from '@hearth/store';
import { within } from '../pause.ts';
import { isDelivered } from './webhook-post.ts';
import type { WebhookContext, WebhookSend } from './webhook-send.ts';
import { createWebhookSlots } from './webhook-slots.ts';
import { createRunWebhooks, type RunningEvent, type RunWebhooks } from './webhooks-run.ts';

/** What users are told while a prediction runs: `start`, `output` and `logs`, each message once. The end is not told from here. */
export interface RunningWebhooks {
  /** `row`: as claimed, or as an earlier dispatcher left it. */
  of(row: PredictionRow): RunWebhooks;
  /** Resolves when nothing of this prediction is on its way any more: its end may be told. */
  over(predictionId: string): Promise<void>;
}

const RUNNING_EVENTS: readonly RunningEvent[] = ['start', 'output', 'logs'];

const IN_ALL = 64;
const PER_RECEIVER = 4;
/** How long a receiver may think about a running prediction once that has ended; then its end is told. */
const OVERTAKEN_MS = 1_000;
const OVERTAKEN = 'the prediction ended before there was an answer';

const SILENT: RunWebhooks = { started: () => {}, progressed: () => {}, stop: () => {} };

interface OnItsWay {
  readonly done: Promise<void>;
  readonly cut: AbortController;
}

export function createRunningWebhooks(
  context: WebhookContext,
  send: WebhookSend,
  closing: AbortSignal,
): RunningWebhooks {
  const { store, log, now, timings } = context;
  const slots = createWebhookSlots({ inAll: IN_ALL, perReceiver: PER_RECEIVER });
  const onItsWay = new Map<string, OnItsWay>();

  /** One at a time for each prediction, so that they arrive in order. */
  const tell = async (event: RunningEvent, row: PredictionRow, url: string): Promise<void> => {
    const receiver = new URL(url).host;
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const cut = new AbortController();
    slots.take(receiver);
    onItsWay.set(row.id, { done, cut });
    const message = { id: newMessageId(now()), predictionId: row.id, accountId: row.accountId, event, url, at: now() };
    try {
      const outcome = await send(message, row, AbortSignal.any([cut.signal, closing]));
      await store.messages.record(message, outcome, isDelivered(outcome) ? 'delivered' : 'failed');
    } catch (error) {
      // It was sent or not; only the log lacks it.
      log.warn({ err: error, predictionId: row.id }, 'could not log a webhook');
    } finally {
      onItsWay.delete(row.id);
      slots.give(receiver);
      resolve();
    }
  };

  return {
    of(row) {
      const { webhook } = row;
      const wanted = RUNNING_EVENTS.filter((event) => wantsEvent(row.webhookEventsFilter, event));
      if (webhook === null || wanted.length === 0) return SILENT;
      return createRunWebhooks(row, wanted, {
        spacingMs: timings.webhookSpacingMs,
        now,
        read: () => store.predictions.get(row.id),
        before: async () => onItsWay.get(row.id)?.done,
        hasRoom: () => slots.hasRoom(new URL(webhook).host),
        tell: (event, state) => tell(event, state, webhook),
        failed: (error) => log.warn({ err: error, predictionId: row.id }, 'could not read what to tell a webhook'),
      });
    },
    async over(predictionId) {
      const last = onItsWay.get(predictionId);
      if (!last) return;
      await within(OVERTAKEN_MS, last.done);
      last.cut.abort(OVERTAKEN);
      await last.done;
    },
  };
}
