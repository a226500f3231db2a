import type { Millis, WebhookEvent } from '@hearth/core';
import type { PredictionRow } from '@hearth/store';

/** The webhooks of one run. */
export interface RunWebhooks {
  /** It has begun. */
  started(): void;
  /** Its row may have new output or logs. */
  progressed(): void;
  /** Nothing further is sent. What is on its way may arrive. */
  stop(): void;
}

export type RunningEvent = Exclude<WebhookEvent, 'completed'>;

export interface RunRoom {
  /** Between two messages of one event. */
  readonly spacingMs: number;
  readonly now: () => Millis;
  /** Resolves when an earlier run of the prediction has nothing on its way any more. */
  readonly before: () => Promise<void>;
  readonly read: () => Promise<PredictionRow | null>;
  readonly hasRoom: () => boolean;
  /** Resolves when the receiver has answered; answers for its own errors. */
  readonly tell: (event: RunningEvent, state: PredictionRow) => Promise<void>;
  readonly failed: (error: unknown) => void;
}

/**
 * Tells `wanted` events of a run, one message at a time and so in order. Each message carries the newest state, and only what
 * is new since the last of its event is worth one. `row`: as the run found it.
 */
export function createRunWebhooks(row: PredictionRow, wanted: readonly RunningEvent[], room: RunRoom): RunWebhooks {
  const { spacingMs, now } = room;
  const due = new Set<RunningEvent>();
  const askedAt = new Map<RunningEvent, Millis>();
  const told = { output: textOf(row.output), logs: row.logs };
  let timer: NodeJS.Timeout | undefined;
  let telling = false;
  let stopped = false;

  const next = (): void => {
    clearTimeout(timer);
    if (stopped || telling) return;
    // The start is told first or not at all.
    const [soonest] = [...due]
      .filter((event) => event === 'start' || !due.has('start'))
      .map((event) => ({ event, at: (askedAt.get(event) ?? Number.NEGATIVE_INFINITY) + spacingMs }))
      .toSorted((one, other) => one.at - other.at);
    if (!soonest) return;
    const waitMs = soonest.at - now();
    if (waitMs > 0) timer = setTimeout(next, waitMs);
    else void tell(soonest.event);
  };

  const tell = async (event: RunningEvent): Promise<void> => {
    telling = true;
    due.delete(event);
    try {
      await room.before();
      const state = event === 'start' ? row : await room.read();
      if (stopped || state === null || !isNews(event, state)) return;
      askedAt.set(event, now());
      // Asked again after the spacing, with what is newest then.
      if (!room.hasRoom()) return void due.add(event);
      told.output = event === 'output' ? textOf(state.output) : told.output;
      told.logs = event === 'logs' ? state.logs : told.logs;
      await room.tell(event, state);
    } catch (error) {
      room.failed(error);
    } finally {
      telling = false;
      next();
    }
  };

  const isNews = (event: RunningEvent, { attempt, status, output, logs }: PredictionRow): boolean => {
    if (attempt !== row.attempt || status !== 'processing') return false;
    if (event === 'output') return output !== null && textOf(output) !== told.output;
    return event === 'start' || logs !== told.logs;
  };

  const add = (events: readonly RunningEvent[]): void => {
    for (const event of events) if (wanted.includes(event)) due.add(event);
    next();
  };
  return {
    started: () => add(['start']),
    progressed: () => add(['output', 'logs']),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

const textOf = (output: unknown): string => JSON.stringify(output ?? null);
