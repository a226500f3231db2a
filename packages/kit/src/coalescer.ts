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
  const state = { due: false, closed: false, active: false };
  let running = Promise.resolve();

  const runWhileDue = async (): Promise<void> => {
    try {
      while (state.due && !state.closed) {
        state.due = false;
        await run();
      }
    } finally {
      state.active = false;
    }
  };
  const idle = async (): Promise<void> => {
    while (state.active) await running;
  };

  return {
    trigger() {
      if (state.closed) return;
      state.due = true;
      if (state.active) return;
      state.active = true;
      running = runWhileDue();
    },
    idle,
    close() {
      state.closed = true;
      return idle();
    },
  };
}
