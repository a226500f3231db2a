import type { Context } from '../context.ts';
import type { Ending, Run, Stop } from './runs.ts';

/** Cancels a run in its container, which has a grace period to obey; whoever does not is given up at its end. */
export function createStop({ now, monotonicMs, timings }: Pick<Context, 'now' | 'monotonicMs' | 'timings'>) {
  return (run: Run, wanted: Stop): void => {
    if (run.isOver || run.stop) return;
    run.stop = wanted;
    if (run.sentAt === null) return run.end({ kind: 'finish', ...wanted }, now());
    const { cancelGraceMs } = timings;
    const givenUpAt = monotonicMs() + cancelGraceMs;
    run.graceTimer = setTimeout(() => {
      // A process that stood still fires late, and the user does not pay for that.
      const lateMs = Math.round(Math.max(0, monotonicMs() - givenUpAt));
      run.end(disobeyed(run, wanted, cancelGraceMs), now() - lateMs);
    }, cancelGraceMs);
    void tellCancel(run);
  };
}

export async function tellCancel(run: Run): Promise<void> {
  run.cancelAnswer = await run.attachment.client.cancel(run.cogId);
}

/** The end of one that has not stopped in time. Where its container knows nothing of it, that is no fault of the container. */
function disobeyed(run: Run, wanted: Stop, graceMs: number): Ending {
  const isUnknown = run.cancelAnswer === 'unknown' && !run.answering;
  // It did not run out of its time: it ended, and its last report went to a dispatcher that was no more.
  if (isUnknown && run.doubt === 'adopted' && wanted.status === 'failed')
    return { kind: 'giveBack', lost: true, rest: false, why: 'its instance no longer knew of it' };
  const ending = { kind: 'finish', ...wanted, isUnheard: true } as const;
  if (isUnknown) return ending;
  return { ...ending, unhealthy: `it did not stop a canceled prediction within ${inWords(graceMs)}` };
}

/** `1800000` → `30m`: the largest unit that divides it. */
export function inWords(ms: number): string {
  for (const [unit, size] of [
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const)
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
