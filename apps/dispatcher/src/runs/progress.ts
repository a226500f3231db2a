/** Writes a run's growing output and logs: one write at a time, the last state wins. */
export interface ProgressWriter {
  /** There is something new. */
  trigger(): void;
  /** Starts no further write; resolves when the one in flight has ended. */
  stop(): Promise<void>;
}

/** `write` answers for its own errors. The first write starts at once, later ones `spacingMs` after the one before. */
export function createProgressWriter(write: () => Promise<void>, spacingMs: number): ProgressWriter {
  let due = false;
  let stopped = false;
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> | null = null;

  const next = (): void => {
    if (stopped || !due || writing || timer) return;
    due = false;
    writing = write().finally(() => {
      writing = null;
      if (stopped) return;
      timer = setTimeout(() => {
        timer = null;
        next();
      }, spacingMs);
    });
  };
  return {
    trigger() {
      due = true;
      next();
    },
    async stop() {
      stopped = true;
      if (timer) clearTimeout(timer);
      await writing;
    },
  };
}
