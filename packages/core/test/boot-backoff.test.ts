import { describe, expect, it } from 'vitest';
import { bootBackoff, type FailureKind, withBootFailure } from '../src/index.ts';
import { failure, MINUTE, SECOND } from './build.ts';

const AT = 100_000;

describe('bootBackoff', () => {
  it.each([
    { count: 1, waitMs: 1 * SECOND, crashLoop: false },
    { count: 2, waitMs: 2 * SECOND, crashLoop: false },
    { count: 3, waitMs: 10 * SECOND, crashLoop: true },
    { count: 4, waitMs: 20 * SECOND, crashLoop: true },
    { count: 7, waitMs: 160 * SECOND, crashLoop: true },
    { count: 8, waitMs: 5 * MINUTE, crashLoop: true },
    { count: 2_000, waitMs: 5 * MINUTE, crashLoop: true },
  ])('after failure $count the next boot waits $waitMs ms', ({ count, waitMs, crashLoop }) => {
    const backoff = bootBackoff({ count, last: failure({ at: AT }) }, false);
    expect(backoff.retryAt).toBe(AT + waitMs);
    expect(backoff.failure.kind).toBe(crashLoop ? 'crash_loop' : 'setup_error');
  });

  const models: FailureKind[] = ['timeout', 'image_missing', 'setup_error', 'oom', 'crash', 'no_space', 'gpu_lost'];
  it.each(models)('%s fails at once those who waited before it', (kind) => {
    expect(bootBackoff({ count: 1, last: failure({ kind, at: AT }) }, false).failWaitingUntil).toBe(AT);
    expect(bootBackoff({ count: 2, last: failure({ kind, at: AT }) }, false).failWaitingUntil).toBe(AT);
  });

  it.each([
    { name: 'lost once: nobody fails', count: 1, want: null },
    { name: 'lost nine times: nobody fails', count: 9, want: null },
    { name: 'lost ten times: a crash loop like any other', count: 10, want: AT + 10 * SECOND },
    { name: 'lost eleven times: the next boot waits twice as long', count: 11, want: AT + 20 * SECOND },
  ])('$name', ({ count, want }) => {
    expect(bootBackoff({ count, last: failure({ kind: 'lost', at: AT }) }, false).failWaitingUntil).toBe(want);
  });

  it('what the platform loses is tried again for more than a minute before anybody fails', () => {
    const waits = Array.from({ length: 9 }, (_, n) => {
      const { retryAt } = bootBackoff({ count: n + 1, last: failure({ kind: 'lost', at: AT }) }, false);
      return (retryAt - AT) / SECOND;
    });
    expect(waits).toEqual([1, 2, 4, 8, 10, 10, 10, 10, 10]);
  });

  it('in a crash loop, fails those who come before the next boot too', () => {
    expect(bootBackoff({ count: 4, last: failure({ at: AT }) }, false).failWaitingUntil).toBe(AT + 20 * SECOND);
  });

  it.each([1, 3])('with a ready instance nobody fails, and the backoff is the same (failure %d)', (count) => {
    const last = failure({ at: AT });
    const [alone, served] = [bootBackoff({ count, last }, false), bootBackoff({ count, last }, true)];
    expect(served).toEqual({ ...alone, failWaitingUntil: null });
  });

  it('a crash loop names the last failure and keeps its log tail, phase and exit code', () => {
    const last = failure({ at: AT });
    expect(bootBackoff({ count: 3, last }, false).failure).toEqual({
      ...last,
      kind: 'crash_loop',
      message:
        'The last 3 boots failed; it is tried again 10 s after the latest, which was setup_error during setup: setup() raised ValueError: no weights',
    });
  });
});

describe('withBootFailure', () => {
  const first = failure({ at: 10 });
  it('the first failure counts 1', () => {
    expect(withBootFailure(null, first, 0)).toEqual({ count: 1, last: first });
  });
  it.each([
    { name: 'a boot that began before the failure before ran beside it: counts once', bootBeganAt: 9, count: 1 },
    { name: 'a boot that began as that failure came in counts again', bootBeganAt: 10, count: 2 },
    { name: 'a boot that began later counts again', bootBeganAt: 11, count: 2 },
  ])('$name', ({ bootBeganAt, count }) => {
    const second = failure({ at: 20, kind: 'oom' });
    expect(withBootFailure({ count: 1, last: first }, second, bootBeganAt)).toEqual({ count, last: second });
  });
});
