import type { Logger } from '@hearth/kit';

/** Listeners without arguments; one that throws is logged and keeps nobody else from being called. */
export function createListenerSet(log: Logger) {
  const listeners = new Set<() => void>();
  return {
    add: (listener: () => void): (() => void) => {
      const entry = (): void => listener();
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    call: (): void => {
      for (const listener of listeners) {
        try {
          listener();
        } catch (error) {
          log.error({ err: error }, 'a listener failed');
        }
      }
    },
  };
}
