import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Deployment, type Instance, isComing, isStale, planCycle, type Snapshot } from '../src/index.ts';
import { deployment, failure, host, instance } from './build.ts';
import { apply, expectNoOvercommitment, pass, slotForEach } from './play.ts';

const CYCLES = 30;
const CYCLE_MS = 100;

/** A deployment of v1 whose instances, all ready, are of v0 still; keep-alive outlasts the test. */
const changed: fc.Arbitrary<{ of: Deployment; old: Instance[] }> = fc
  .record({
    minInstances: fc.nat(2),
    maxInstances: fc.integer({ min: 2, max: 5 }),
    slotsPerInstance: fc.integer({ min: 1, max: 3 }),
    waiting: fc.nat(6),
    inFlight: fc.nat(6),
    held: fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
  })
  .map(({ waiting, inFlight, held, ...policy }) => ({
    of: deployment({
      policy: { ...policy, keepAlive: { kind: 'fixed' as const, ms: CYCLES * CYCLE_MS * 2 } },
      demand: { waiting, inFlight, oldestWaitingAt: waiting === 0 ? null : 0 },
    }),
    old: held
      .slice(0, policy.maxInstances)
      .map((inFlight, n) => instance({ id: `old${n}`, versionId: 'v0', inFlight })),
  }));

/** Plays cycles, and hands each state to `look` after its plan was applied. */
function play(start: Snapshot, look: (s: Snapshot, cycle: number) => void, age = pass): Snapshot {
  let n = 0;
  let s = start;
  for (let cycle = 0; cycle < CYCLES; cycle++) {
    const at = cycle * CYCLE_MS;
    s = age(s, at);
    s = apply(s, planCycle(s, at), at, () => `new${n++}`);
    expectNoOvercommitment(s);
    look(s, cycle);
  }
  return s;
}
/** One boot ends at a time, so that the new release gets its capacity piece by piece. */
const oneByOne = (s: Snapshot, at: number): Snapshot => {
  const [first, ...rest] = s.instances.filter((i) => i.state === 'booting');
  const aged = pass({ ...s, instances: s.instances.filter((i) => i === first || i.state !== 'booting') }, at);
  return { ...aged, instances: [...aged.instances, ...rest] };
};
const ready = (s: Snapshot): Instance[] => s.instances.filter((i) => i.state === 'ready');
const roomy = [host({ memoryMiB: 1_000_000 })];
const numRuns = 300;

describe('a release change of a warm deployment', () => {
  it('costs no capacity that is needed while there is room, and ends with the new release alone', () => {
    fc.assert(
      fc.property(changed, ({ of, old }) => {
        const floor = Math.min(old.length, Math.max(1, slotForEach(of.demand, of.policy)));
        const look = (s: Snapshot, cycle: number): void => {
          expect(ready(s).length, `ready ones in cycle ${cycle}`).toBeGreaterThanOrEqual(floor);
          for (const stale of [true, false]) {
            const coming = s.instances.filter((i) => isComing(i) && isStale(i, of) === stale);
            expect(coming.length).toBeLessThanOrEqual(of.policy.maxInstances);
          }
        };
        const end = play({ hosts: roomy, deployments: [of], instances: old }, look, oneByOne);
        expect(end.instances.filter((i) => isStale(i, of))).toEqual([]);
        expect(ready(end).length).toBe(Math.max(1, slotForEach(of.demand, of.policy)));
      }),
      { numRuns },
    );
  });

  it('leaves the earlier release alone, all of it that is needed, while the new one never boots', () => {
    // Each boot fails at once; the next may be tried in the cycle after the next.
    const failing = (s: Snapshot, at: number): Snapshot => {
      const failed = s.instances.some((i) => i.state === 'booting');
      const backoff = { retryAt: at + CYCLE_MS * 2, failure: failure({ at }) };
      return {
        ...s,
        deployments: s.deployments.map((d) => (failed ? { ...d, backoff } : d)),
        instances: pass({ ...s, instances: s.instances.filter((i) => i.state !== 'booting') }, at).instances,
      };
    };
    fc.assert(
      fc.property(changed, ({ of, old }) => {
        play(
          { hosts: roomy, deployments: [of], instances: old },
          (s) => expect(ready(s).map((i) => i.id)).toEqual(old.map((i) => i.id)),
          failing,
        );
      }),
      { numRuns },
    );
  });

  it('ends with the new release on a host that holds one instance only, where it is asked for', () => {
    fc.assert(
      fc.property(changed, ({ of, old }) => {
        fc.pre(slotForEach(of.demand, of.policy) > 0);
        const [only] = old;
        if (only === undefined) throw new Error('there is at least one');
        const end = play({ hosts: [host({ memoryMiB: 8_000 })], deployments: [of], instances: [only] }, () => {});
        expect(ready(end).map((i) => i.versionId)).toEqual(['v1']);
      }),
      { numRuns },
    );
  });
});
