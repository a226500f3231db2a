import type { ChildProcess } from 'node:child_process';
import { deathsInARow, restartDelayMs } from './backoff.ts';

export interface Death {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Deaths in a row, this one counted. */
  readonly inARow: number;
  readonly restartInMs: number;
}

export interface Supervised {
  /** SIGTERM. Resolves when it is gone, for good. */
  stop(): Promise<void>;
  /** SIGKILL, for good. */
  kill(): void;
}

/** Keeps a child process running: starts it again, ever more slowly while it dies early, until it is stopped. */
export function supervise(start: () => ChildProcess, onDeath: (death: Death) => void): Supervised {
  let stopped = false;
  let deaths = 0;
  let restart: NodeJS.Timeout | undefined;
  let child: ChildProcess;
  let gone: Promise<void>;

  const launch = () => {
    const startedAt = performance.now();
    child = start();
    gone = new Promise((resolve) => {
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        resolve();
        if (stopped) return;
        deaths = deathsInARow(deaths, performance.now() - startedAt);
        const restartInMs = restartDelayMs(deaths);
        restart = setTimeout(launch, restartInMs);
        onDeath({ code, signal, inARow: deaths, restartInMs });
      };
      child.once('exit', ended);
      // It could not be started at all: there will be no `exit`.
      child.once('error', () => {
        if (child.pid === undefined) ended(null, null);
      });
    });
  };
  launch();

  return {
    stop() {
      stopped = true;
      clearTimeout(restart);
      child.kill('SIGTERM');
      return gone;
    },
    kill() {
      stopped = true;
      clearTimeout(restart);
      child.kill('SIGKILL');
    },
  };
}
