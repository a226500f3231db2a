import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chargeOf, joinQueue, MAX_PRIORITY, TICKS_PER_MS, TICKS_PER_ROUND, type Turn } from '../src/index.ts';

interface Queued extends Turn {
  readonly account: string;
  readonly n: number;
}

/** One queue as its transport keeps it: lowest priority first, equal ones in the order they came. */
function createQueue(weights: Readonly<Record<string, number>>) {
  const waiting: Queued[] = [];
  const last = new Map<string, number>();
  let joined = 0;
  let now = 0;
  const before = (a: Queued, b: Queued): boolean => (a.priority === b.priority ? a.n < b.n : a.priority < b.priority);
  const next = (): Queued | undefined =>
    waiting.reduce<Queued | undefined>((a, b) => (a && before(a, b) ? a : b), undefined);
  const queue = {
    waiting,
    /** Null: the next is taken. */
    replay(events: readonly (string | null)[]): void {
      for (const account of events) {
        if (account === null) queue.take();
        else queue.join(account);
      }
    },
    join(account: string): Queued {
      now += TICKS_PER_MS;
      const turn = joinQueue({
        head: next() ?? null,
        last: last.get(account) ?? null,
        weight: weights[account] ?? 1,
        now,
      });
      last.set(account, turn.turn);
      const queued = { ...turn, account, n: joined++ };
      waiting.push(queued);
      return queued;
    },
    take(): Queued | undefined {
      now += TICKS_PER_MS;
      const taken = next();
      if (taken) waiting.splice(waiting.indexOf(taken), 1);
      return taken;
    },
  };
  return queue;
}

const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);
const shares = (taken: readonly (Queued | undefined)[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const one of taken) if (one) counts[one.account] = (counts[one.account] ?? 0) + 1;
  return counts;
};

describe('a queue', () => {
  it('gives a lone prediction no priority', () => {
    const queue = createQueue({});
    for (let n = 0; n < 3; n++) {
      expect(queue.join('a').priority).toBe(0);
      queue.take();
    }
  });

  it('serves an account that comes to a long line next', () => {
    const queue = createQueue({});
    times(10_000, () => queue.join('noisy'));
    times(3, () => queue.take());
    queue.join('quiet');
    expect(queue.take()?.account).toBe('quiet');
    expect(queue.take()?.account).toBe('noisy');
  });

  it('serves it next each time that it comes back', () => {
    const queue = createQueue({});
    times(100, () => queue.join('noisy'));
    for (let n = 0; n < 10; n++) {
      times(2, () => queue.take());
      queue.join('quiet');
      expect(queue.take()?.account).toBe('quiet');
    }
  });

  it('serves accounts that come one by one in the order they came', () => {
    const queue = createQueue({});
    times(100, () => queue.join('noisy'));
    queue.take();
    for (const account of ['b', 'c', 'd']) queue.join(account);
    expect(times(3, () => queue.take()?.account)).toEqual(['b', 'c', 'd']);
  });

  it('alternates between two long lines, whenever the second came', () => {
    const queue = createQueue({});
    times(1_000, () => queue.join('early'));
    times(500, () => queue.take());
    times(1_000, () => queue.join('late'));
    expect(shares(times(400, () => queue.take()))).toEqual({ early: 200, late: 200 });
  });

  it('divides by weight', () => {
    const queue = createQueue({ heavy: 4, light: 1, feather: 0.5 });
    for (const account of ['heavy', 'light', 'feather']) times(1_000, () => queue.join(account));
    const taken = shares(times(550, () => queue.take()));
    expect(taken.heavy).toBeGreaterThan(395);
    expect(taken.heavy).toBeLessThan(405);
    expect(taken.light).toBeGreaterThan(97);
    expect(taken.feather).toBeGreaterThan(47);
  });

  it('keeps nobody waiting behind many who come one at a time', () => {
    const queue = createQueue({});
    const others = times(50, () => 0).map((_, n) => `other-${n}`);
    queue.join('patient');
    const second = queue.join('patient');
    for (const other of others) queue.join(other);
    let passed = 0;
    for (;;) {
      const taken = queue.take();
      if (taken === second) break;
      passed++;
      // Whoever was served asks again at once.
      if (taken && taken.account !== 'patient') queue.join(taken.account);
    }
    // Its first, and one of each other.
    expect(passed).toBeLessThanOrEqual(1 + 2 * others.length);
  });

  it('holds no priority above what BullMQ takes, and keeps the order below it', () => {
    const head: Turn = { turn: 0, priority: 0 };
    const far = { head, weight: 1, now: 0, last: 1_000_000 * TICKS_PER_ROUND };
    expect(joinQueue(far).priority).toBe(MAX_PRIORITY);
    expect(joinQueue({ ...far, last: null }).priority).toBe(0);
  });
});

const accounts = fc.constantFrom('a', 'b', 'c', 'd');
const weights = fc.record({
  a: fc.double({ min: 0.1, max: 100, noNaN: true }),
  b: fc.double({ min: 0.1, max: 100, noNaN: true }),
  c: fc.constant(1),
  d: fc.constant(1),
});
const history = fc.array(fc.oneof(accounts, fc.constant(null)), { maxLength: 300 });

describe('whatever happens', () => {
  it('an account gets its own predictions in the order it made them', () => {
    fc.assert(
      fc.property(weights, history, (given, events) => {
        const queue = createQueue(given);
        const newest = new Map<string, number>();
        const served = (one: Queued | undefined): void => {
          if (!one) return;
          expect(one.n).toBeGreaterThan(newest.get(one.account) ?? -1);
          newest.set(one.account, one.n);
        };
        for (const account of events) {
          if (account === null) served(queue.take());
          else queue.join(account);
        }
        while (queue.waiting.length > 0) served(queue.take());
      }),
    );
  });

  it('two accounts that both wait are served alike for their weights, but for two charges and a step', () => {
    fc.assert(
      fc.property(weights, history, (given, events) => {
        const queue = createQueue(given);
        queue.replay(events);
        for (const account of ['a', 'b'] as const) times(400, () => queue.join(account));
        const got = { a: 0, b: 0 };
        // While both wait, from the moment that both do.
        const both = () => ['a', 'b'].every((account) => queue.waiting.some((one) => one.account === account));
        for (let n = 0; n < 200 && both(); n++) {
          const taken = queue.take();
          if (taken?.account === 'a' || taken?.account === 'b') got[taken.account] += chargeOf(given[taken.account]);
        }
        const bound = 2 * (chargeOf(given.a) + chargeOf(given.b)) + TICKS_PER_ROUND;
        expect(Math.abs(got.a - got.b)).toBeLessThanOrEqual(bound);
      }),
      { numRuns: 60 },
    );
  });

  it('a prediction waits for no more than what its charge lets others have', () => {
    fc.assert(
      fc.property(history, (events) => {
        const queue = createQueue({});
        queue.replay(events);
        const ahead = shares(queue.waiting);
        const mine = queue.join('a');
        const rounds = (ahead.a ?? 0) + 2;
        let taken = queue.take();
        let served = 0;
        while (taken && taken !== mine) {
          served++;
          // Everybody who is served asks twice again.
          if (taken.account !== 'a') times(2, () => queue.join(taken?.account ?? ''));
          taken = queue.take();
        }
        expect(taken).toBe(mine);
        expect(served).toBeLessThanOrEqual(4 * rounds);
      }),
      { numRuns: 60 },
    );
  });
});
