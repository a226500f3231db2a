import type { ChildProcess } from 'node:child_process';

export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** It was ended from here, because it no longer said that it is alive. */
  readonly hung: boolean;
}

/** A child process from its start to its end. */
export interface Life {
  readonly child: ChildProcess;
  readonly livedMs: () => number;
  /** Resolves when it first says that it is alive; never for a child without a channel. */
  readonly started: Promise<void>;
  readonly gone: Promise<End>;
}

const LOOK_EVERY_MS = 1_000;
/** Counted in looks, not by the clock: when this process itself was paused, the child need not have been. */
const SILENT_LOOKS = 15;

/** Watches a child from its start on. One that says `alive` over its channel must go on saying it, or is ended. */
export function watchLife(child: ChildProcess, lookEveryMs = LOOK_EVERY_MS): Life {
  const startedAt = performance.now();
  const started = Promise.withResolvers<void>();
  let looks = 0;
  let hung = false;
  let watch: NodeJS.Timeout | undefined;
  child.on('message', () => {
    looks = 0;
    started.resolve();
    watch ??= setInterval(() => {
      looks += 1;
      hung = looks >= SILENT_LOOKS;
      if (hung) child.kill('SIGKILL');
    }, lookEveryMs);
  });
  const gone = new Promise<End>((resolve) => {
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      clearInterval(watch);
      resolve({ code, signal, hung });
    };
    child.once('exit', ended);
    // It could not be started at all: there will be no `exit`.
    child.once('error', () => {
      if (child.pid === undefined) ended(null, null);
    });
  });
  return { child, livedMs: () => performance.now() - startedAt, started: started.promise, gone };
}
