export interface Coalescer {
  /** Runs now, or once more after the run in progress. */
  trigger(): void;
  /** Resolves when nothing runs and nothing is due. */
  idle(): Promise<void>;
  /** Starts nothing further; resolves when the run in progress has ended. */
  close(): Promise<void>;
}

/**
 * Keeps `run` from overlapping itself, and any number of triggers during a run from costing more than one run after it.
 * `run` answers for its own errors: a rejection is a bug, and ends the process as an unhandled one.
 */
export function createCoalescer(run: () => Promise<void>): Coalescer {
  let due = false;
  let closed = false;
  let active = false;
  let running = Promise.resolve();

  const runWhileDue = async (): Promise<void> => {
    try {
      while (due && !closed) {
        due = false;
        await run();
      }
    } finally {
      active = false;
    }
  };
  const idle = async (): Promise<void> => {
    while (active) await running;
  };

  return {
    trigger() {
      if (closed) return;
      due = true;
      if (active) return;
      active = true;
      running = runWhileDue();
    },
    idle,
    close() {
      closed = true;
      return idle();
    },
  };
}
