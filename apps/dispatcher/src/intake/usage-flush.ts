import type { Millis } from '@hearth/core';
import type { Logger } from '@hearth/kit';
import type { Store } from '@hearth/store';

/** Remembers when instances were last used and what they have taken, and writes it for all of them at once. */
export interface UsageFlush {
  touch(instanceId: string, at: Millis): void;
  /** Its container has taken a run: the next dispatcher need not wonder whether this one ever sent it. */
  took(instanceId: string, cogId: string, at: Millis): void;
  /** The run is over. */
  freed(instanceId: string, cogId: string, at: Millis): void;
  /** Writes what is left. */
  close(): Promise<void>;
}

/** At most one write per `everyMs`; a failed one is made up for by the next. */
export function createUsageFlush(store: Pick<Store, 'consumers'>, log: Logger, everyMs: number): UsageFlush {
  const latest = new Map<string, Millis>();
  const taken = new Map<string, Set<string>>();
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;

  const write = async (): Promise<void> => {
    const rows = [...latest].map(([instanceId, lastUsedAt]) => {
      return { instanceId, lastUsedAt, taken: [...(taken.get(instanceId) ?? [])] };
    });
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
  const touch = (instanceId: string, at: Millis): void => {
    latest.set(instanceId, at);
    if (!writing) arm();
  };
  return {
    touch,
    took(instanceId, cogId, at) {
      taken.set(instanceId, (taken.get(instanceId) ?? new Set()).add(cogId));
      touch(instanceId, at);
    },
    freed(instanceId, cogId, at) {
      const held = taken.get(instanceId);
      if (held?.delete(cogId) && held.size === 0) taken.delete(instanceId);
      touch(instanceId, at);
    },
    async close() {
      await writing;
      if (timer) clearTimeout(timer);
      await write();
    },
  };
}
