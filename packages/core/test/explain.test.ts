import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { explain, planCycle } from '../src/index.ts';
import { demand, deployment, failure, host, instance, MINUTE, policy, SECOND, waiting } from './build.ts';
import { anySnapshot, NOW } from './promises/any-fleet.ts';

const spread = (ms: number) => ({ count: 9, meanMs: ms, p50Ms: ms, p90Ms: ms });
const measures = { runs: spread(SECOND), boots: spread(10 * SECOND), runsPerSecond: 0 };
const hosts = [host({ memoryMiB: 24_000 })];

describe('explain', () => {
  it.each([
    { name: 'idle', d: deployment(), want: 'Nothing waits and nothing runs.' },
    {
      name: 'a minimum',
      d: deployment({ policy: policy({ minInstances: 2 }) }),
      want: 'Nothing waits and nothing runs. The minimum is 2.',
    },
    {
      name: 'unmeasured, and more than the maximum',
      d: deployment({ demand: waiting(5) }),
      want: '5 predictions wait and 0 run; its runs and boots are not measured yet, so each gets a slot: 5, of which the maximum allows 3.',
    },
    {
      name: 'measured',
      d: deployment({ demand: { ...waiting(4), inFlight: 1 }, measures }),
      want: '4 predictions wait and 1 runs; a run takes 1 s and a boot 10 s, so 1 can start all of it within 10 s.',
    },
  ])('says why so many are needed: $name', ({ d, want }) => {
    expect(explain({ hosts, deployments: [d], instances: [] }, 0, 'd1')?.why).toBe(want);
  });

  it('says of each instance why it is there, until when, and what may happen to it', () => {
    const d = deployment({ demand: demand({ inFlight: 1 }) });
    const instances = [
      instance({ id: 'a-busy', inFlight: 1 }),
      instance({ id: 'b-idle', lastUsedAt: MINUTE }),
      instance({ id: 'c-leaving', state: 'draining', inFlight: 2 }),
    ];
    const said = explain({ hosts, deployments: [d], instances }, 2 * MINUTE, 'd1');
    expect(said?.instances.map(({ id, why, until, evictable }) => [id, why, until, evictable])).toEqual([
      ['a-busy', 'It runs 1 prediction, of 1 at a time.', null, false],
      ['b-idle', 'Nothing needs it now; it is kept for another 4 min.', 6 * MINUTE, true],
      ['c-leaving', 'It leaves once it has finished 2 predictions.', null, false],
    ]);
    expect(said?.next).toEqual([{ at: 6 * MINUTE, what: 'b-idle goes, unless it is needed by then.' }]);
  });

  it('says what holds back a scale-in', () => {
    const steps = [{ at: 0, needed: 2 }];
    const d = deployment({ policy: policy({ keepAlive: { kind: 'fixed', ms: 0 } }), history: { since: 0, steps } });
    const instances = [instance({ id: 'a', since: 1 }), instance({ id: 'b', since: 1 })];
    const said = explain({ hosts, deployments: [d], instances }, MINUTE, 'd1');
    expect(said?.instances.map(({ why }) => why)).toEqual(
      Array.from(instances, () => 'Its keep-alive has ended, but 2 were needed on average in the last 60 s.'),
    );
  });

  it('says what boots now and when it is tried again', () => {
    const backoff = { retryAt: 9 * SECOND, failure: failure() };
    const failing = deployment({ id: 'd2', demand: waiting(1), backoff });
    const world = { hosts, deployments: [deployment({ demand: waiting(1) }), failing], instances: [] };
    expect(explain(world, 0, 'd1')?.next).toEqual([
      {
        at: null,
        what: 'An instance boots. Waiting: 1, the oldest for 0 ms; in flight: 0. On h1: the only host with room now.',
      },
    ]);
    const said = explain(world, 0, 'd2');
    expect(said?.blocked?.reason).toBe('backoff');
    expect(said?.next).toEqual([{ at: 9 * SECOND, what: 'It may boot again after its failed boots.' }]);
  });

  it('knows nothing of a deployment that was not seen', () => {
    expect(explain({ hosts, deployments: [], instances: [] }, 0, 'd1')).toBeNull();
  });

  it('says what the plan does, whatever the fleet: who goes goes, and nobody else goes now', () => {
    fc.assert(
      fc.property(anySnapshot, (s) => {
        const plan = planCycle(s, NOW);
        for (const { id } of s.deployments) {
          const said = explain(s, NOW, id);
          const going = plan.actions.flatMap((a) => (a.kind === 'boot' ? [] : [a.instanceId]));
          const own = said?.instances.map((i) => i.id).filter((i) => going.includes(i)) ?? [];
          expect(said?.next.filter(({ what }) => what.includes(' goes. ')).length).toBe(own.length);
          expect(said?.blocked ?? null).toEqual(plan.blocked.find((b) => b.deploymentId === id) ?? null);
          for (const { until } of said?.instances ?? []) if (until !== null) expect(until).toBeGreaterThan(NOW);
        }
      }),
      { numRuns: 200 },
    );
  });
});
