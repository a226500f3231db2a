import type { Millis } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { Store } from '@hearth/store';

/** Remembers when instances were last used and writes it for all of them at once. */
export interface UsageFlush {
  touch(instanceId: string, at: Millis): void;
  /** Writes what is left. */
  close(): Promise<void>;
}

/** At most one write per `everyMs`; a failed one is made up for by the next. */
export function createUsageFlush(store: Pick<Store, 'consumers'>, log: Logger, everyMs: number): UsageFlush {
  const latest = new Map<string, Millis>();
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;

  const write = async (): Promise<void> => {
    const rows = [...latest].map(([instanceId, lastUsedAt]) => ({ instanceId, lastUsedAt }));
    latest.clear();
    if (rows.length === 0) return;
    try {
      await store.consumers.used(rows);
    } catch (error) {
      log.warn({ err: error }, 'could not write when instances were last used; trying again');
      for (const { instanceId, lastUsedAt } of rows) if (!latest.has(instanceId)) latest.set(instanceId, lastUsedAt);
    }
  };
  const arm = (): void => {
    timer ??= setTimeout(() => {
      timer = null;
      writing = write().finally(() => {
        writing = null;
        if (latest.size > 0) arm();
      });
    }, everyMs);
  };
  return {
    touch(instanceId, at) {
      latest.set(instanceId, at);
      if (!writing) arm();
    },
    async close() {
      await writing;
      if (timer) clearTimeout(timer);
      await write();
    },
  };
}
