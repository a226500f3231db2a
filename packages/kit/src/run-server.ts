import type { Logger } from './logger.ts';

export interface ServerRun {
  readonly log: Logger;
  /** Builds and listens. What it answers is closed once at the end. */
  readonly start: () => Promise<{ close(): Promise<void> }>;
  /** How long closing may take before the process ends anyway, with exit code 1. */
  readonly graceMs: number;
}

const PARENT_CHECK_MS = 250;

/**
 * Runs a server for the life of the process and ends the process itself: 0 after SIGINT, SIGTERM or the end of the
 * parent named by `HEARTH_PARENT_PID` and a clean close; 1 after a failed start, a failed or too slow close,
 * a second signal or an uncaught error.
 */
export function runServer({ log, start, graceMs }: ServerRun): void {
  let stopping = false;
  // In a later tick, once the handlers below stand: a signal that comes during the start must not kill it half-way.
  const started = Promise.resolve().then(start);

  const stop = async (reason: string): Promise<void> => {
    stopping = true;
    log.info(`${reason}, closing`);
    setTimeout(() => {
      log.error(`not closed after ${graceMs} ms, ending`);
      process.exit(1);
    }, graceMs);
    const server = await started;
    await server.close();
    log.info('closed');
    process.exit(0);
  };
  const fail = (what: string) => (error: unknown) => {
    log.fatal({ err: error }, what);
    process.exit(1);
  };

  process.on('uncaughtException', fail('uncaught error'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping) {
        log.warn(`${signal} again, ending at once`);
        process.exit(1);
      }
      stop(signal).catch(fail('closing failed'));
    });
  }
  whenParentGone(() => {
    if (!stopping) stop('parent process gone').catch(fail('closing failed'));
  });
  started.catch(fail('start failed'));
}

/** A parent killed with -9 tells nobody, so its children look. A direct parent is seen to be gone even as a zombie. */
function whenParentGone(gone: () => void): void {
  const parent = Number(process.env.HEARTH_PARENT_PID);
  if (!Number.isInteger(parent) || parent <= 1) return;
  const direct = process.ppid === parent;
  const timer = setInterval(() => {
    if (direct ? process.ppid === parent : isAlive(parent)) return;
    clearInterval(timer);
    gone();
  }, PARENT_CHECK_MS);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
