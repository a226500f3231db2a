import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Deployment,
  isComing,
  isStale,
  nextState,
  type Plan,
  planCycle,
  type Snapshot,
  stayOf,
} from '../src/index.ts';
import { demands, snapshots } from './any-snapshot.ts';
import { apply, expectNoOvercommitment, find, pass, slotForEach } from './play.ts';

const bootAtOf = (d: Deployment, now: number) => stayOf(d.policy.keepAlive, d.use, now).expected?.bootAt;
const instants = fc.integer({ min: 0, max: 4_000 });
const drains = (plan: Plan) => plan.actions.flatMap((a) => (a.kind === 'drain' ? [a] : []));
const numRuns = 500;

describe('planCycle, whatever the snapshot', () => {
  it('boots only where there is room, of the right kind, on hosts that take it', () => {
    fc.assert(
      fc.property(snapshots, instants, (s, now) => {
        const plan = planCycle(s, now);
        let n = 0;
        expectNoOvercommitment(apply(s, plan, now, () => `new${n++}`));
        for (const a of plan.actions) {
          if (a.kind !== 'boot') continue;
          const on = s.hosts.find((h) => h.id === a.placement.hostId);
          const d = s.deployments.find((x) => x.id === a.deploymentId);
          expect(on?.cordoned).toBe(false);
          expect(on?.runtimes).toContain(d?.need.runtime);
          expect(a.placement.deviceIds.length).toBe(d?.need.gpus);
          for (const id of a.placement.deviceIds) {
            expect(on?.devices.find((x) => x.id === id)?.vramMiB).toBeGreaterThanOrEqual(d?.need.vramMiB ?? Infinity);
          }
        }
      }),
      { numRuns },
    );
  });

  it('never drains a busy one because it is idle or in the way, and stops only what holds nothing', () => {
    fc.assert(
      fc.property(snapshots, instants, (s, now) => {
        const plan = planCycle(s, now);
        for (const a of drains(plan)) {
          if (a.reason !== 'idle' && a.reason !== 'evicted') continue;
          const i = find(s, a.instanceId);
          expect([i.state, i.inFlight]).toEqual(['ready', 0]);
        }
        for (const a of plan.actions) {
          if (a.kind !== 'stop') continue;
          const { state, inFlight, intakeClosed } = find(s, a.instanceId);
          expect([state, inFlight, intakeClosed]).toEqual(['draining', 0, true]);
        }
      }),
      { numRuns },
    );
  });

  it('takes each instance once, by a legal move', () => {
    fc.assert(
      fc.property(snapshots, instants, (s, now) => {
        const named = planCycle(s, now).actions.flatMap((a) => (a.kind === 'boot' ? [] : [a]));
        expect(new Set(named.map((a) => a.instanceId)).size).toBe(named.length);
        for (const a of named) nextState(find(s, a.instanceId).state, a.kind === 'drain' ? 'drain' : 'drained');
      }),
      { numRuns },
    );
  });

  it('keeps to the maximum, and never drains what is needed for idleness or for others', () => {
    fc.assert(
      fc.property(snapshots, instants, (s, now) => {
        const plan = planCycle(s, now);
        const after = apply(s, plan, now, () => 'new');
        for (const d of s.deployments) {
          const capacity = (of: Snapshot) =>
            of.instances.filter(
              (i) => i.deploymentId === d.id && isComing(i) && i.unhealthy === null && !isStale(i, d),
            );
          expect(capacity(after).length).toBeLessThanOrEqual(d.policy.maxInstances);
          const taken = drains(plan).some(
            (a) => find(s, a.instanceId).deploymentId === d.id && (a.reason === 'idle' || a.reason === 'evicted'),
          );
          // Without what the leaving hold, which is no demand on those that stay.
          const floor = slotForEach({ waiting: d.demand.waiting, inFlight: 0, oldestWaitingAt: null }, d.policy);
          if (taken) expect(capacity(after).length).toBeGreaterThanOrEqual(floor);
        }
      }),
      { numRuns },
    );
  });

  it('wakes only in the future, and only where waiting alone can change the plan', () => {
    fc.assert(
      fc.property(snapshots, instants, (s, now) => {
        const plan = planCycle(s, now);
        if (plan.wakeAt !== null) expect(plan.wakeAt).toBeGreaterThan(now);
        if (plan.actions.length > 0) return;
        const at = (later: number) => planCycle(s, later);
        if (plan.wakeAt === null) {
          expect(at(now + 1_000_000)).toEqual(plan);
        } else {
          expect(at(plan.wakeAt - 1)).toEqual(plan);
          // For an expected use it looks whether there is room by then.
          if (s.deployments.every((d) => bootAtOf(d, now) !== plan.wakeAt)) {
            expect(at(plan.wakeAt)).not.toEqual(at(plan.wakeAt - 1));
          }
        }
      }),
      { numRuns },
    );
  });

  it('is the same plan every time, in whatever order the rows come, and leaves its input alone', () => {
    fc.assert(
      fc.property(snapshots, instants, (s, now) => {
        const before = structuredClone(s);
        const plan = planCycle(s, now);
        expect(planCycle(s, now)).toEqual(plan);
        const turned = {
          hosts: s.hosts.toReversed().map((h) => ({ ...h, devices: h.devices.toReversed() })),
          deployments: s.deployments.toReversed(),
          instances: s.instances.toReversed(),
        };
        expect(planCycle(turned, now)).toEqual(plan);
        expect(s).toEqual(before);
      }),
      { numRuns },
    );
  });

  it('names each deployment at most once as blocked, with a sentence', () => {
    fc.assert(
      fc.property(snapshots, instants, (s, now) => {
        const { blocked, actions } = planCycle(s, now);
        expect(new Set(blocked.map((b) => b.deploymentId)).size).toBe(blocked.length);
        for (const { detail } of [...blocked, ...actions]) expect(detail.length).toBeGreaterThan(0);
      }),
      { numRuns },
    );
  });
});

it('settles, however demand moves: every lack is met or explained, and no room overcommitted on the way', () => {
  fc.assert(
    fc.property(snapshots, fc.tuple(demands, demands, demands), instants, (start, laterDemands, now) => {
      let n = 0;
      let s = start;
      for (let cycle = 0; cycle < 60; cycle++) {
        const at = now + cycle * 100;
        // Half-way the demand moves elsewhere, so that some instances go spare and others are short.
        if (cycle === 30) {
          s = { ...s, deployments: s.deployments.map((d, k) => ({ ...d, demand: laterDemands[k] ?? d.demand })) };
        }
        s = apply(pass(s, at), planCycle(pass(s, at), at), at, () => `new${n++}`);
        expectNoOvercommitment(s);
      }
      const settled = planCycle(s, now + 6_000);
      expect(settled.actions).toEqual([]);
      for (const d of s.deployments) {
        const lacks =
          slotForEach(d.demand, d.policy) - s.instances.filter((i) => i.deploymentId === d.id && !isStale(i, d)).length;
        if (lacks > 0)
          expect(
            settled.blocked.map((b) => b.deploymentId),
            'a lack has a reason',
          ).toContain(d.id);
      }
    }),
    { numRuns: 300 },
  );
});
