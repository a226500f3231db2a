import * as fc from 'fast-check';
import { expect } from 'vitest';
import { type Deployment, isComing, isStale, type Plan, type Snapshot } from '../../src/index.ts';
import { deployment, host, instance, MINUTE, need, waiting } from '../build.ts';
import { apply, find } from '../play.ts';
import { anyDeployments, anyHosts, anyNeed, anySnapshot, IDS, NOW } from './any-fleet.ts';
import type { Core } from './core.ts';
import { live } from './life.ts';
import { doubleBooked, overCapacity } from './room.ts';

/** Something that the core promises whatever the fleet. Throws where the core breaks it. */
export type Promised = (core: Core, settings: fc.Parameters<unknown>) => void;

const drains = (plan: Plan) => plan.actions.flatMap((a) => (a.kind === 'drain' ? [a] : []));
const nextIds = (): (() => string) => {
  let n = 0;
  return () => `new${n++}`;
};
const after = (core: Core, s: Snapshot): Snapshot => apply(s, core.planCycle(s, NOW), NOW, nextIds());
/** Ready or booting, of the current release, able to serve. */
const capacityOf = (s: Snapshot, d: Deployment) =>
  s.instances.filter((i) => i.deploymentId === d.id && isComing(i) && i.unhealthy === null && !isStale(i, d));

const anyRun = fc.integer({ min: 1, max: 20_000 });
const roomy = [host({ id: 'roomy', memoryMiB: 10_000_000 })];
const measured = (runMs: number, bootMs: number) => ({
  runs: { count: 9, meanMs: runMs, p50Ms: runMs, p90Ms: runMs },
  boots: { count: 9, meanMs: bootMs, p50Ms: bootMs, p90Ms: bootMs },
  runsPerSecond: 0,
});

/** A finite trace on fleets where everything fits somewhere, one at a time at least. */
const anyLife = fc
  .record({
    hosts: anyHosts,
    deployments: anyDeployments,
    asks: fc.array(fc.record({ at: fc.nat(120_000), deploymentId: fc.constantFrom(...IDS), runMs: anyRun }), {
      maxLength: 25,
    }),
    bootMs: fc.integer({ min: 1, max: 20_000 }),
  })
  .map(({ deployments, hosts, ...rest }) => ({
    ...rest,
    hosts: [...hosts, host({ id: 'last', memoryMiB: 8_000, cpus: 4, runtimes: ['docker', 'process'] })],
    deployments: deployments.map((d) => ({
      ...d,
      need: { ...d.need, gpus: 0, gpuShareMiB: 0, vramMiB: 0 },
      policy: { ...d.policy, minInstances: 0, maxInstances: Math.max(1, d.policy.maxInstances) },
      use: null,
      backoff: null,
    })),
  }));

export const PROMISES = {
  'no host holds more than it has': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (s) => {
        const then = after(core, s);
        expect(then.hosts.flatMap((h) => overCapacity(h, then.instances))).toEqual([]);
      }),
      settings,
    ),

  'no GPU is booked twice': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (s) => {
        const then = after(core, s);
        expect(then.hosts.flatMap((h) => doubleBooked(h, then.instances))).toEqual([]);
      }),
      settings,
    ),

  'nothing boots on a host that is closed or of another kind': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (s) => {
        for (const a of core.planCycle(s, NOW).actions) {
          if (a.kind !== 'boot') continue;
          const on = s.hosts.find((h) => h.id === a.placement.hostId);
          expect([on?.cordoned, on?.draining, on?.lost]).toEqual([false, false, false]);
          expect(on?.runtimes).toContain(a.need.runtime);
          expect(a.placement.deviceIds.length).toBe(a.need.gpuShareMiB > 0 ? 1 : a.need.gpus);
        }
      }),
      settings,
    ),

  'what is busy is neither idled away, nor evicted, nor stopped': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (s) => {
        const plan = core.planCycle(s, NOW);
        for (const a of drains(plan)) {
          if (a.reason !== 'idle' && a.reason !== 'evicted') continue;
          const { state, inFlight } = find(s, a.instanceId);
          expect([a.reason, state, inFlight]).toEqual([a.reason, 'ready', 0]);
        }
        for (const a of plan.actions) {
          if (a.kind !== 'stop') continue;
          const { state, inFlight, intakeClosed } = find(s, a.instanceId);
          expect([state, inFlight, intakeClosed]).toEqual(['draining', 0, true]);
        }
      }),
      settings,
    ),

  'each instance is named once, for a legal move': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (s) => {
        const named = core.planCycle(s, NOW).actions.flatMap((a) => (a.kind === 'boot' ? [] : [a]));
        expect(named.map((a) => a.instanceId).toSorted()).toEqual(
          [...new Set(named.map((a) => a.instanceId))].toSorted(),
        );
        for (const a of named) core.nextState(find(s, a.instanceId).state, a.kind === 'drain' ? 'drain' : 'drained');
      }),
      settings,
    ),

  'there are never more than the maximum': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (s) => {
        const then = after(core, s);
        for (const d of s.deployments)
          expect(capacityOf(then, d).length, d.id).toBeLessThanOrEqual(d.policy.maxInstances);
      }),
      settings,
    ),

  'the minimum is kept: never idled or evicted below it, and booted where there is room': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (s) => {
        const plan = core.planCycle(s, NOW);
        const then = after(core, s);
        for (const d of s.deployments) {
          const floor = Math.min(d.policy.minInstances, d.policy.maxInstances);
          const gone = drains(plan).filter(
            (a) => (a.reason === 'idle' || a.reason === 'evicted') && find(s, a.instanceId).deploymentId === d.id,
          );
          const stale = gone.every((a) => isStale(find(s, a.instanceId), d));
          if (!stale) expect(capacityOf(then, d).length, d.id).toBeGreaterThanOrEqual(floor);
          if (d.backoff !== null && d.backoff.retryAt > NOW) continue;
          const isBlocked = plan.blocked.some((b) => b.deploymentId === d.id);
          const tries = d.backoff === null ? floor : Math.min(floor, 1);
          if (!isBlocked) expect(capacityOf(then, d).length, d.id).toBeGreaterThanOrEqual(tries);
        }
      }),
      settings,
    ),

  'what is warm stays warm while a new release is not ready': (core, settings) =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(3), fc.boolean(), (warm, busy, isBooting) => {
        const old = Array.from({ length: warm }, (_, n) =>
          instance({ id: `old${n}`, versionId: 'v0', inFlight: n < busy ? 1 : 0, since: NOW, lastUsedAt: NOW }),
        );
        const fresh = isBooting ? [instance({ id: 'fresh', state: 'booting', since: NOW })] : [];
        const inFlight = Math.min(busy, warm);
        const d = deployment({ demand: { waiting: 0, inFlight, oldestWaitingAt: null } });
        const plan = core.planCycle({ hosts: roomy, deployments: [d], instances: [...old, ...fresh] }, NOW);
        expect(drains(plan)).toEqual([]);
      }),
      settings,
    ),

  'of equals the longest wait gets the room': (core, settings) =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(90_000), { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 0, max: 3 }),
        anyNeed,
        (agoMs, room, wanted) => {
          const cpuOnly = { ...wanted, gpus: 0, gpuShareMiB: 0, vramMiB: 0, cpus: 0, runtime: 'docker' as const };
          const deployments = agoMs.map((ago, n) =>
            deployment({ id: `d${n}`, need: cpuOnly, demand: waiting(1, NOW - ago) }),
          );
          const hosts = [host({ memoryMiB: room * cpuOnly.memoryMiB })];
          const booted = core.planCycle({ hosts, deployments, instances: [] }, NOW).actions;
          const oldest = deployments.toSorted(
            (a, b) => (a.demand.oldestWaitingAt ?? 0) - (b.demand.oldestWaitingAt ?? 0),
          );
          expect(booted.map((a) => a.kind === 'boot' && a.deploymentId)).toEqual(
            oldest.slice(0, room).map((d) => d.id),
          );
        },
      ),
      settings,
    ),

  'it settles: with nothing new, plans come to an end, and every lack has a reason': (core, settings) =>
    fc.assert(
      fc.property(anySnapshot, (start) => {
        let s = start;
        const ids = nextIds();
        for (let cycle = 0; cycle < 80; cycle++) {
          const at = NOW + cycle * 1_000;
          s = { ...s, instances: s.instances.flatMap((i) => aged(i, at)) };
          s = apply(s, core.planCycle(s, at), at, ids);
        }
        const end = core.planCycle(s, NOW + 80_000);
        expect(end.actions).toEqual([]);
        for (const d of s.deployments) {
          const has = s.instances.filter((i) => i.deploymentId === d.id && !isStale(i, d)).length;
          const { minInstances, maxInstances } = d.policy;
          const inUse = maxInstances > 0 && (d.demand.inFlight > 0 || minInstances > 0);
          const isAsked = d.demand.waiting > 0 || inUse;
          if (isAsked && has === 0) expect(end.blocked.map((b) => b.deploymentId)).toContain(d.id);
        }
      }),
      settings,
    ),

  'nobody starves: whatever is asked for is served, by wake-ups alone': (core, settings) =>
    fc.assert(
      fc.property(anyLife, (life) => {
        const { unserved, waitsMs } = live(core, life);
        expect([unserved, waitsMs.length]).toEqual([0, life.asks.length]);
      }),
      settings,
    ),

  'zero, one, zero: one prediction boots one instance, which goes when its keep-alive ends': (core, settings) =>
    fc.assert(
      fc.property(anyRun, anyRun, fc.nat(5 * MINUTE), (runMs, bootMs, ms) => {
        const d = deployment({ need: need(), policy: { ...deployment().policy, keepAlive: { kind: 'fixed', ms } } });
        const asks = [{ at: 0, deploymentId: d.id, runMs }];
        const { boots, left, waitsMs } = live(core, { hosts: roomy, deployments: [d], asks, bootMs });
        expect({ boots, left, waitsMs }).toEqual({ boots: 1, left: [], waitsMs: [bootMs] });
      }),
      settings,
    ),

  'a burst on a cold deployment starts within a boot and the time in which one more would boot': (core, settings) =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        anyRun,
        anyRun,
        fc.integer({ min: 1, max: 4 }),
        (n, runMs, bootMs, slots) => {
          const policy = { ...deployment().policy, maxInstances: 100, slotsPerInstance: slots };
          const d = deployment({ need: need({ memoryMiB: 1 }), policy, measures: measured(runMs, bootMs) });
          const asks = Array.from({ length: n }, () => ({ at: 0, deploymentId: d.id, runMs }));
          const { waitsMs } = live(core, { hosts: roomy, deployments: [d], asks, bootMs });
          expect(Math.max(...waitsMs)).toBeLessThanOrEqual(bootMs + Math.max(bootMs, 1_000));
        },
      ),
      settings,
    ),

  'nothing boots that would find the queue started': (core, settings) =>
    fc.assert(
      fc.property(fc.nat(60), anyRun, fc.integer({ min: 2_000, max: 20_000 }), (n, runMs, bootMs) => {
        fc.pre(n * runMs <= bootMs);
        const d = deployment({
          demand: { waiting: n, inFlight: 1, oldestWaitingAt: n === 0 ? null : NOW },
          measures: measured(runMs, bootMs),
        });
        const instances = [instance({ inFlight: 1, since: 0 })];
        expect(core.planCycle({ hosts: roomy, deployments: [d], instances }, NOW).actions).toEqual([]);
      }),
      settings,
    ),

  'after a restart nothing is scaled in until a minute was seen': (core, settings) =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(59_999), (count, seenMs) => {
        const d = deployment({ history: { since: NOW - seenMs, steps: [] } });
        const instances = Array.from({ length: count }, (_, n) => instance({ id: `i${n}`, since: -MINUTE * 60 }));
        const plan = core.planCycle({ hosts: roomy, deployments: [d], instances }, NOW);
        expect(plan.actions).toEqual([]);
        expect(plan.wakeAt).toBe(NOW - seenMs + MINUTE);
      }),
      settings,
    ),

  'as many stay as were needed on average in the last minute': (core, settings) =>
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 3 }), fc.integer({ min: 1, max: 59_999 }), (count, sinceMs) => {
        const steps = [
          { at: NOW - MINUTE, needed: count },
          { at: NOW - sinceMs, needed: 0 },
        ];
        const d = deployment({
          policy: { ...deployment().policy, keepAlive: { kind: 'fixed', ms: 0 } },
          history: { since: NOW - MINUTE * 9, steps },
        });
        const instances = Array.from({ length: count }, (_, n) => instance({ id: `i${n}`, since: NOW - MINUTE }));
        const gone = drains(core.planCycle({ hosts: roomy, deployments: [d], instances }, NOW)).length;
        const average = Math.ceil((count * (MINUTE - sinceMs)) / MINUTE);
        expect(count - gone).toBe(average < 2 ? 0 : average);
      }),
      settings,
    ),
} satisfies Record<string, Promised>;

/** Boots end, what drains lets go, what stops is gone. */
function aged(i: Snapshot['instances'][number], now: number): Snapshot['instances'] {
  if (i.state === 'booting') return [{ ...i, state: 'ready', since: now }];
  if (i.state === 'draining') return [{ ...i, intakeClosed: true, inFlight: 0 }];
  return isComing(i) ? [i] : [];
}
