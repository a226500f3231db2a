import { type Action, type Plan, planCycle, type Snapshot } from '@hearth/core';
import { expect, it } from 'vitest';
import {
  clusterNode,
  hostOf,
  type Planner,
  seeded,
  sessionsTrace,
  simulate,
  syntheticBoots,
  syntheticDeployments,
  type Violations,
} from '../src/index.ts';

const MINUTE_MS = 60_000;
const hosts = Array.from({ length: 20 }, (_, n) => hostOf(`h${n}`, clusterNode(seeded(n))));
// Few slots and a low maximum: what a deployment may have is asked for.
const deployments = syntheticDeployments(50, { kind: 'fixed', ms: MINUTE_MS }, seeded(2)).map((d) => ({
  ...d,
  policy: { ...d.policy, slotsPerInstance: 2, maxInstances: 4 },
}));
const NONE: Violations = {
  overMemory: 0,
  overCpus: 0,
  overGpu: 0,
  misplaced: 0,
  busyStopped: 0,
  overMaximum: 0,
  lost: 0,
};

/** Ten minutes with a burst, a failing boot in ten, two hosts that go and come back, and a restart of the scheduler. */
const tenMinutes = (planner: () => Planner = () => planCycle, on = hosts) =>
  simulate({
    hosts: on,
    deployments,
    arrivals: sessionsTrace({
      seed: 3,
      deploymentIds: deployments.map(({ id }) => id),
      arrivalsPerSecond: 5,
      durationMs: 10 * MINUTE_MS,
      skew: 1.1,
      gapCv: 2.3,
      medianRunMs: 2_000,
      runSigma: 0.67,
      bursts: [{ fromMs: 2 * MINUTE_MS, toMs: 3 * MINUTE_MS, factor: 10 }],
    }),
    incidents: [
      { kind: 'hosts-lost', at: 5 * MINUTE_MS, hostIds: ['h3', 'h4', 'h5'] },
      { kind: 'hosts-back', at: 6 * MINUTE_MS, hostIds: ['h3', 'h4', 'h5'] },
      { kind: 'scheduler-restart', at: 7 * MINUTE_MS, downMs: 5_000 },
    ],
    bootOf: syntheticBoots(0.1, seeded(4)),
    planner,
    spacingMs: 1_000,
  });

it('a fleet with all its accidents breaks no invariant, and loses nothing', () => {
  const result = tenMinutes();
  expect(result.violations).toEqual(NONE);
  expect(result.finished + result.failed).toBeGreaterThan(4_000);
  expect(result).toMatchObject({ unfinished: 0, leftInstances: 1 });
  // They did happen.
  expect(result.bootFailures).toBeGreaterThan(0);
  expect(result.sentBack).toBeGreaterThan(0);
});

// A third of the fleet, with little memory, so that room is short.
const small = hosts.slice(0, 7).map((host) => ({ ...host, memoryMiB: 98_304 }));

it('nor does one that is far too small', () => {
  const result = tenMinutes(undefined, small);
  expect(result.violations).toEqual(NONE);
  expect(result).toMatchObject({ unfinished: 0, leftInstances: 1 });
});

const changed =
  (change: (snapshot: Snapshot) => Snapshot): (() => Planner) =>
  () =>
  (snapshot, now) =>
    planCycle(change(snapshot), now);
const alsoDoing =
  (more: (plan: Plan, snapshot: Snapshot) => readonly Action[]): (() => Planner) =>
  () =>
  (snapshot, now) => {
    const plan = planCycle(snapshot, now);
    return { ...plan, actions: [...plan.actions, ...more(plan, snapshot)] };
  };

it.each<{ bug: string; found: keyof Violations; planner: () => Planner }>([
  {
    bug: 'ignores memory',
    found: 'overMemory',
    planner: changed((s) => ({ ...s, hosts: s.hosts.map((host) => ({ ...host, memoryMiB: 2 ** 40, cpus: null })) })),
  },
  {
    bug: 'believes that GPUs are larger than they are',
    found: 'overGpu',
    planner: changed((s) => ({
      ...s,
      hosts: s.hosts.map((host) => ({ ...host, devices: host.devices.map((d) => ({ ...d, vramMiB: 2 * d.vramMiB })) })),
    })),
  },
  {
    bug: 'forgets who holds what',
    found: 'overGpu',
    planner: changed((s) => ({ ...s, instances: s.instances.map((i) => ({ ...i, deviceIds: [] })) })),
  },
  {
    bug: 'does not see that hosts are lost',
    found: 'misplaced',
    planner: changed((s) => ({ ...s, hosts: s.hosts.map((host) => ({ ...host, lost: false })) })),
  },
  {
    bug: 'raises every maximum',
    found: 'overMaximum',
    planner: changed((s) => ({
      ...s,
      deployments: s.deployments.map((d) => ({ ...d, policy: { ...d.policy, maxInstances: 50 } })),
    })),
  },
  {
    bug: 'stops what drains though it is busy',
    found: 'busyStopped',
    planner: alsoDoing(({ actions }, { instances }) => {
      const busy = instances.filter((i) => i.state === 'draining' && i.inFlight > 0);
      const idle = instances.filter((i) => i.state === 'ready' && i.inFlight > 0).slice(0, 1);
      const named = new Set(actions.flatMap((a) => (a.kind === 'boot' ? [] : a.instanceId)));
      return [
        ...busy.map((i): Action => ({ kind: 'stop', instanceId: i.id, reason: 'drained', detail: '' })),
        ...idle
          .filter((i) => !named.has(i.id))
          .map((i): Action => ({ kind: 'drain', instanceId: i.id, reason: 'idle', detail: '' })),
      ];
    }),
  },
])('a planner that $bug is found out', ({ found, planner }) => {
  expect(tenMinutes(planner, small).violations[found]).toBeGreaterThan(0);
});

it('the same seeds give the same simulation', () => {
  expect(tenMinutes()).toEqual(tenMinutes());
});
