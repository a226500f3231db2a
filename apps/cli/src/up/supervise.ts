import type { ChildProcess } from 'node:child_process';
import { deathsInARow, restartDelayMs } from './backoff.ts';
import { type End, type Life, watchLife } from './life.ts';

/** What has not started by then will not. */
const START_PATIENCE_MS = 60_000;

export interface Death extends End {
  /** Deaths in a row, this one counted. */
  readonly inARow: number;
  readonly restartInMs: number;
}

/** What was started in place of another ended before it had started. */
export class SuccessorEnded extends Error {
  override readonly name = 'SuccessorEnded';
  readonly end: End;
  constructor(end: End) {
    super('what was started in its place ended at once');
    this.end = end;
  }
}

export interface Supervised {
  /**
   * Starts another beside the present one and, once that has started, tells the present one to hand over (SIGUSR2).
   * Answers with the end of the present one, which takes its time. @throws SuccessorEnded; then all is as it was
   */
  replace(): Promise<{ readonly gone: Promise<unknown> }>;
  /** SIGTERM. Resolves when all of it is gone, for good. */
  stop(): Promise<void>;
  /** SIGKILL, for good. */
  kill(): void;
}

/** Keeps a child process running: starts it again, ever more slowly while it dies early, until it is stopped. */
export function supervise(start: () => ChildProcess, onDeath: (death: Death) => void): Supervised {
  let stopped = false;
  let deaths = 0;
  let restart: NodeJS.Timeout | undefined;
  let current: Life;
  /** All that run: the current one, one that is to follow it, and those that still finish what they hold. */
  const lives = new Set<Life>();

  const begin = (): Life => {
    const life = watchLife(start());
    lives.add(life);
    void life.gone.then((end) => {
      lives.delete(life);
      if (!stopped && life === current) mourn(life, end);
    });
    return life;
  };
  const mourn = (life: Life, end: End): void => {
    deaths = deathsInARow(deaths, life.livedMs());
    const restartInMs = restartDelayMs(deaths);
    restart = setTimeout(() => {
      current = begin();
    }, restartInMs);
    onDeath({ ...end, inARow: deaths, restartInMs });
  };
  current = begin();

  return {
    async replace() {
      const next = begin();
      const failed = next.gone.then((end) => Promise.reject(new SuccessorEnded(end)));
      // It is heard of here only until it has started.
      failed.catch(() => {});
      const hopeless = setTimeout(() => next.child.kill('SIGKILL'), START_PATIENCE_MS);
      await Promise.race([next.started, failed]).finally(() => clearTimeout(hopeless));
      // The present one may have died meanwhile, and was to be started again.
      clearTimeout(restart);
      const predecessor = current;
      current = next;
      if (lives.has(predecessor)) predecessor.child.kill('SIGUSR2');
      return { gone: predecessor.gone };
    },
    async stop() {
      stopped = true;
      clearTimeout(restart);
      for (const life of lives) life.child.kill('SIGTERM');
      await Promise.all([...lives].map((life) => life.gone));
    },
    kill() {
      stopped = true;
      clearTimeout(restart);
      for (const life of lives) life.child.kill('SIGKILL');
    },
  };
}
