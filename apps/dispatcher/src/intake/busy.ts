import type { Millis, Span } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { Store } from '@hearth/store';

/** Notes when instances hold predictions and writes it for all of them at once, beside the runs. */
export interface BusyMeter {
  /** It holds its first one. */
  began(instanceId: string): void;
  /** It holds none any more. */
  ended(instanceId: string): void;
  /** Writes what is left. What runs on is the next dispatcher's to note. */
  close(): Promise<void>;
}

interface Told {
  readonly instanceId: string;
  readonly span: Span;
}

/** One write each `everyMs` while something is busy; a failed one is made up for by the next. */
export function createBusyMeter(
  store: { readonly history: Pick<Store['history'], 'addBusy'> },
  log: Logger,
  { now, everyMs }: { readonly now: () => Millis; readonly everyMs: number },
): BusyMeter {
  /** What is not written yet of those that are busy. */
  const since = new Map<string, Millis>();
  let over: Told[] = [];
  let writing: Promise<void> | null = null;

  /** Takes what there was until now. */
  const take = (): readonly Told[] => {
    const until = now();
    const told = [...over, ...[...since].map(([instanceId, from]): Told => ({ instanceId, span: [from, until] }))];
    over = [];
    for (const instanceId of since.keys()) since.set(instanceId, until);
    return told.filter(({ span: [from, to] }) => to > from);
  };
  const write = async (): Promise<void> => {
    const told = take();
    if (told.length === 0) return;
    try {
      await store.history.addBusy(told);
    } catch (error) {
      // Told again, a span adds nothing, should it be there after all.
      over.push(...told);
      log.warn({ err: error }, 'when instances were busy is not written yet');
    }
  };
  const flush = (): Promise<void> => {
    writing ??= write().finally(() => {
      writing = null;
    });
    return writing;
  };
  const timer = setInterval(() => void flush(), everyMs);

  return {
    began: (instanceId) => void since.set(instanceId, now()),
    ended(instanceId) {
      const from = since.get(instanceId);
      since.delete(instanceId);
      if (from !== undefined) over.push({ instanceId, span: [from, now()] });
    },
    async close() {
      clearInterval(timer);
      await writing;
      await flush();
    },
  };
}
