import type { BootPhase, Millis, PullProgress } from '@hearth/core';
import { type Clock, pause } from './clock.ts';
import { exitReason } from './exit-reason.ts';
import type { Expectation } from './exits.ts';
import { type Pulls, rejectWhenAborted } from './pulls.ts';
import { probeDelayMs, setupDeadlineAt } from './readiness.ts';
import { BootFailure, type BootSpec, LOG_TAIL_LINES, logTailOf, type Runtime } from './runtime/runtime.ts';

/** How often within the setup timeout the log is looked at for progress. */
const PROGRESS_LOOKS = 10;
const CLASH = /EADDRINUSE|address already in use/i;

export interface Launch {
  readonly runtime: Runtime;
  readonly spec: BootSpec;
  readonly pulls: Pulls;
  readonly signal: AbortSignal;
  readonly onPhase?: (phase: BootPhase) => void;
  readonly onPull?: (progress: PullProgress) => void;
  /** Whether no other scheduler can be at work yet. Absent: there is none. */
  readonly isLeading?: () => boolean;
}

/**
 * Pulls what is missing, creates and starts. The server does not listen yet when this answers.
 * @throws BootFailure; Error where another scheduler may lead by now
 */
export async function launch(launching: Launch): Promise<{ address: string }> {
  const { runtime, spec, pulls, signal, onPhase = () => {}, onPull, isLeading } = launching;
  const boot = async (): Promise<{ address: string }> => {
    // Who stood still until now, in the insert of the row or in a pull, would start what the next leader has given up, and
    // whose memory and GPUs it has given to others.
    if (isLeading?.() === false) throw new Error('another scheduler may lead by now');
    return runtime.boot(spec, onPhase, signal);
  };
  try {
    return await boot();
  } catch (error) {
    if (!(error instanceof BootFailure) || error.kind !== 'image_missing' || spec.source.kind !== 'image') throw error;
  }
  onPhase('pull');
  await pulls.pull(runtime, spec.source.image, signal, onPull);
  return boot();
}

export interface ServerWait<T> {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly instanceId: string;
  readonly memoryMiB: number;
  /** Since when it sets up. */
  readonly startedAt: Millis;
  readonly setupTimeoutMs: number;
  /** The quickest setup of its version so far; 0 or left out: not known. */
  readonly quickestMs?: number;
  readonly exited: Expectation['exited'];
  /** Asks the server once; null is "not yet". A {@link BootFailure} that it throws ends the wait. */
  readonly probe: (signal: AbortSignal) => Promise<T | null>;
  readonly signal: AbortSignal;
}

/**
 * Asks a started server until it answers, quickly at first. Ends early when the server ends, when it has printed nothing
 * new for the setup timeout, and when `signal` aborts.
 * @throws BootFailure with the end of its log; the signal's reason
 */
export async function awaitServer<T>(waiting: ServerWait<T>): Promise<T> {
  const { runtime, instanceId, signal } = waiting;
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  try {
    return await Promise.race([
      untilAnswer(waiting, stop),
      failWhenEnded(waiting),
      failWhenLate(waiting, stop),
      rejectWhenAborted(signal, ending.signal),
    ]);
  } catch (error) {
    if (!(error instanceof BootFailure) || error.logTail !== '') throw error;
    const logTail = logTailOf(await runtime.logs(instanceId, LOG_TAIL_LINES));
    throw new BootFailure(error.kind, error.message, { logTail, exitCode: error.exitCode, cause: error.cause });
  } finally {
    ending.abort();
  }
}

/** A port taken by somebody else between its choice and the server's start: nobody's fault, and worth a second try. */
export const isPortClash = (error: unknown): boolean => error instanceof BootFailure && CLASH.test(error.logTail);

async function untilAnswer<T>(waiting: ServerWait<T>, signal: AbortSignal): Promise<T> {
  const { clock, startedAt, quickestMs, probe } = waiting;
  for (;;) {
    const answer = await probe(signal);
    if (answer !== null) return answer;
    // Once the wait is over nobody listens any more; the race has been decided.
    if (signal.aborted) return never();
    await pause(clock, probeDelayMs(clock.now() - startedAt, quickestMs), signal);
  }
}

async function failWhenEnded<T>({ exited, memoryMiB }: ServerWait<T>): Promise<never> {
  const exit = await exited;
  const { kind, message } = exitReason(exit, memoryMiB, true);
  throw new BootFailure(kind, message, { exitCode: exit.exitCode });
}

async function failWhenLate<T>(waiting: ServerWait<T>, signal: AbortSignal): Promise<never> {
  const { runtime, clock, instanceId, startedAt, setupTimeoutMs } = waiting;
  let progressAt = startedAt;
  let mark = '';
  for (;;) {
    const deadline = setupDeadlineAt(startedAt, progressAt, setupTimeoutMs);
    const now = clock.now();
    if (now >= deadline) {
      const message = `Its setup printed nothing new for ${setupTimeoutMs / 1000} s and was not ready (HEARTH_SETUP_TIMEOUT).`;
      throw new BootFailure('timeout', message);
    }
    await pause(clock, Math.min(deadline - now, setupTimeoutMs / PROGRESS_LOOKS), signal);
    if (signal.aborted) return never();
    const latest = await runtime.logMark(instanceId);
    if (latest !== mark) progressAt = clock.now();
    mark = latest;
  }
}

const never = (): Promise<never> => new Promise(() => {});
