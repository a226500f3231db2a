import { ConfigError } from './config.ts';
import type { Logger } from './logger.ts';

export interface RunningServer {
  /** Answers what is held and lets go of everything, within moments. */
  close(): Promise<void>;
  /**
   * Another of its kind has started beside it: takes on nothing new, and resolves when what it holds is finished or has had
   * its time. It is closed afterwards, or meanwhile.
   */
  handOver?(): Promise<void>;
}

export interface ServerRun {
  readonly log: Logger;
  /** Builds and listens. What it answers is closed once at the end. */
  readonly start: () => Promise<RunningServer>;
  /** How long closing may take before the process ends anyway, with exit code 1. */
  readonly graceMs: number;
}

const PARENT_CHECK_MS = 250;
const SAY_ALIVE_MS = 1_000;

/**
 * The settings of a server. Where they cannot be used there is no server: says on stderr what is wrong with which, and ends
 * the process with exit code 1.
 */
export function settingsOrExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

/**
 * Runs a server for the life of the process and ends the process itself: 0 after SIGINT, SIGTERM or the end of the
 * parent named by `HEARTH_PARENT_PID` and a clean close; 1 after a failed start, a failed or too slow close,
 * a second signal or an uncaught error. SIGUSR2 means that another serves already: it hands over, then closes.
 * A parent with a channel to it is told `alive` once it has started, and each second after that.
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
  const handOver = async (): Promise<void> => {
    log.info('another has started, handing over');
    const server = await started;
    await server.handOver?.();
    if (!stopping) await stop('handed over');
  };
  const fail = (what: string) => (error: unknown) => {
    // What whoever set it has to read is the message; a stack would hide it.
    if (error instanceof ConfigError) log.fatal(`${what}: ${error.message}`);
    else log.fatal({ err: error }, what);
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
  process.once('SIGUSR2', () => {
    if (!stopping) handOver().catch(fail('handing over failed'));
  });
  whenParentGone(() => {
    if (!stopping) stop('parent process gone').catch(fail('closing failed'));
  });
  started.then(sayAlive).catch(fail('start failed'));
}

/** To the parent, for as long as it listens. */
function sayAlive(): void {
  const say = (): void => {
    // That it is gone is seen elsewhere.
    if (process.connected) process.send?.('alive', undefined, undefined, () => {});
  };
  say();
  setInterval(say, SAY_ALIVE_MS).unref();
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
