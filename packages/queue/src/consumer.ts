import type { Logger } from '@hearth/kit';
import { DelayedError, WaitingError } from 'bullmq';
import type { TicketJob, TicketProcessor, TicketWorker } from './bull.ts';
import type { Consumer, Ticket, TicketOutcome } from './port.ts';

/** How long a ticket whose handler threw (the database was down) stays away. */
const AFTER_ERROR_MS = 1_000;
/** Closing an idle worker waits for its connections; with the store away they may not answer. */
const CLOSE_WITHIN_MS = 1_000;

export interface ConsumerRun {
  readonly openWorker: (process: TicketProcessor) => TicketWorker;
  readonly slots: number;
  readonly handle: (ticket: Ticket) => Promise<TicketOutcome>;
  readonly now: () => number;
  readonly log: Logger;
}

export interface OpenConsumer extends Consumer {
  /** Resolves once its connections stand; before that it may already have taken a ticket. */
  readonly ready: () => Promise<void>;
  /** Lets go of what it holds, to be delivered again once the locks have expired. */
  abandon(): Promise<void>;
}

export function openConsumer({ openWorker, slots: firstSlots, handle, now, log }: ConsumerRun): OpenConsumer {
  let slots = firstSlots;
  let held = 0;
  let closing: Promise<void> | null = null;
  let whenEmpty = (): void => {};

  const outcomeOf = async (ticket: Ticket): Promise<TicketOutcome> => {
    try {
      return await handle(ticket);
    } catch (error) {
      log.error({ err: error, predictionId: ticket.predictionId }, 'handling a ticket failed, it will be tried again');
      return { kind: 'later', delayMs: AFTER_ERROR_MS };
    }
  };

  const process = async (job: TicketJob, token?: string): Promise<void> => {
    // A fetch that was under way when slots were taken back or closing began still brings a job: hand it to another.
    if (closing || held >= slots) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    held++;
    try {
      const outcome = await outcomeOf(job.data);
      if (outcome.kind === 'done') return;
      await job.moveToDelayed(now() + outcome.delayMs, token);
      throw new DelayedError();
    } finally {
      held--;
      if (held === 0) whenEmpty();
    }
  };

  const worker = openWorker(process);
  let started = false;
  const apply = async (count: number): Promise<void> => {
    if (count > 0) worker.concurrency = count;
    if (!started) {
      if (count === 0) return;
      started = true;
      worker.run().catch((error: unknown) => log.error({ err: error }, 'a queue worker stopped'));
      return;
    }
    await worker.pause(true);
    // Resuming also wakes a loop whose every former slot is taken, so that it fetches for the new ones.
    if (count > 0 && !closing) await worker.resume();
  };
  let changing = apply(slots);

  const close = async (force: boolean): Promise<void> => {
    const closed = worker.close(force);
    if (held > 0 && !force) await Promise.race([closed, new Promise<void>((resolve) => (whenEmpty = resolve))]);
    await withinMs(CLOSE_WITHIN_MS, closed);
  };

  return {
    setSlots(count) {
      if (closing || count === slots) return;
      slots = count;
      changing = changing
        .then(() => apply(count))
        .catch((error: unknown) => log.error({ err: error }, 'changing the slots of a consumer failed'));
    },
    ready: () => worker.waitUntilReady(),
    close: () => (closing ??= close(false)),
    abandon: () => (closing = close(true)),
  };
}

async function withinMs(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, deadline]);
  clearTimeout(timer);
}
