import { describe, it } from 'vitest';
import type { Deployment, Instance } from '../src/index.ts';
import { demand, deployment, host, instance, MINUTE, policy, waiting } from './build.ts';
import { type Case, check } from './plan-case.ts';

/** An instance that fills an 8,000 MiB host, and a host that it fills. */
const SMALL = [host({ memoryMiB: 8_000 })];
const d1 = deployment;
const d2 = (over: Partial<Deployment> = {}): Deployment => deployment({ id: 'd2', ...over });

describe('1. stop what has drained', () => {
  const draining = (over: Partial<Instance>): Instance => instance({ state: 'draining', ...over });
  it.each<Case>([
    {
      name: 'intake closed and nothing held: stops',
      instances: [draining({ intakeClosed: true })],
      want: ['stop i1: drained'],
    },
    { name: 'intake still open: waits', instances: [draining({})] },
    {
      name: 'intake closed beside one in flight is a row read half-way: waits',
      instances: [draining({ intakeClosed: true, inFlight: 1 })],
    },
    {
      name: 'the same, unhealthy: waits too',
      instances: [draining({ intakeClosed: true, inFlight: 1, unhealthy: 'DEFUNCT' })],
    },
    { name: 'ready with a closed intake is not draining', instances: [instance({ intakeClosed: true, inFlight: 1 })] },
    { name: 'stopping already: nothing more', instances: [instance({ state: 'stopping', intakeClosed: true })] },
    {
      name: 'stopped and failed hold nothing',
      instances: [instance({ state: 'stopped' }), instance({ id: 'i2', state: 'failed' })],
    },
  ])('$name', check);
});

describe('2. drain what must not stay', () => {
  const busy = demand({ inFlight: 1 });
  it.each<Case>([
    {
      name: 'unhealthy and busy',
      instances: [instance({ unhealthy: 'DEFUNCT', inFlight: 1 })],
      deployments: [d1({ demand: busy })],
      want: ['drain i1: unhealthy'],
    },
    {
      name: 'unhealthy while booting',
      instances: [instance({ unhealthy: 'DEFUNCT', state: 'booting' })],
      want: ['drain i1: unhealthy'],
    },
    { name: 'unhealthy and draining already', instances: [instance({ unhealthy: 'DEFUNCT', state: 'draining' })] },
    {
      name: 'unhealthy is no capacity: another boots for who waits',
      instances: [instance({ unhealthy: 'DEFUNCT' })],
      deployments: [d1({ demand: waiting(1) })],
      want: ['drain i1: unhealthy', 'boot d1 on h1: demand'],
    },
    { name: 'its deployment is gone, ready', deployments: [], instances: [instance()], want: ['drain i1: removed'] },
    {
      name: 'its deployment is gone, booting',
      deployments: [],
      instances: [instance({ state: 'booting' })],
      want: ['drain i1: removed'],
    },
    { name: 'its deployment is gone, draining already', deployments: [], instances: [instance({ state: 'draining' })] },
    {
      name: 'stale and booting',
      instances: [instance({ versionId: 'v0', state: 'booting' })],
      want: ['drain i1: stale'],
    },
    {
      name: 'stale and idle past keep-alive, with nothing fresh',
      now: 5 * MINUTE,
      instances: [instance({ hardwareSku: 'gpu' })],
      want: ['drain i1: idle'],
    },
    {
      name: 'stale and busy: a fresh one boots beside it',
      instances: [instance({ versionId: 'v0', inFlight: 1 })],
      deployments: [d1({ demand: busy })],
      want: ['boot d1 on h1: demand'],
    },
    {
      name: 'stale and busy while the fresh one boots: serves on',
      instances: [instance({ versionId: 'v0', inFlight: 1 }), instance({ id: 'i2', state: 'booting' })],
      deployments: [d1({ demand: busy })],
    },
    {
      name: 'stale and busy once the fresh one is ready: goes',
      instances: [instance({ versionId: 'v0', inFlight: 1 }), instance({ id: 'i2' })],
      deployments: [d1({ demand: busy })],
      want: ['drain i1: stale'],
    },
    {
      name: 'stale and busy where nothing else fits: goes, or the old version would run for ever',
      hosts: SMALL,
      instances: [instance({ versionId: 'v0', inFlight: 1 })],
      deployments: [d1({ demand: demand({ inFlight: 1, waiting: 1, oldestWaitingAt: 0 }) })],
      want: ['drain i1: stale'],
      blocked: ['d1: no-capacity'],
    },
    {
      name: 'an idle neighbour goes before a busy stale one',
      hosts: [host({ memoryMiB: 16_000 })],
      instances: [instance({ versionId: 'v0', inFlight: 1 }), instance({ id: 'i2', deploymentId: 'd2' })],
      deployments: [d1({ demand: busy }), d2()],
      want: ['drain i2: evicted'],
      blocked: ['d1: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'what a draining instance holds needs no new one',
      instances: [instance({ state: 'draining', inFlight: 1 })],
      deployments: [d1({ demand: busy })],
    },
    {
      name: 'a maximum that was lowered: the idle one goes at once',
      instances: [instance({ inFlight: 1 }), instance({ id: 'i2' })],
      deployments: [d1({ demand: busy, policy: policy({ maxInstances: 1 }) })],
      want: ['drain i2: over-max'],
    },
    {
      name: 'a maximum that was lowered: of busy ones too',
      instances: [instance({ inFlight: 1 }), instance({ id: 'i2', inFlight: 1 })],
      deployments: [d1({ demand: demand({ inFlight: 2 }), policy: policy({ maxInstances: 1 }) })],
      want: ['drain i1: over-max'],
    },
    {
      name: 'switched off: drains, and says so to who waits',
      instances: [instance()],
      deployments: [d1({ demand: waiting(1), policy: policy({ maxInstances: 0 }) })],
      want: ['drain i1: over-max'],
      blocked: ['d1: max-instances'],
    },
    {
      name: 'switched off with nobody waiting is not blocked',
      deployments: [d1({ policy: policy({ maxInstances: 0, minInstances: 1 }) })],
    },
  ])('$name', check);
});

describe('3. drain idle surplus past keep-alive', () => {
  it.each<Case>([
    { name: 'nothing to do', want: [] },
    {
      name: 'just before keep-alive ends: stays, and says when to look again',
      now: 5 * MINUTE - 1,
      instances: [instance({ lastUsedAt: 0 })],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'keep-alive ended: drains',
      now: 5 * MINUTE,
      instances: [instance({ lastUsedAt: 0 })],
      want: ['drain i1: idle'],
    },
    {
      name: 'never used: idle time counts from ready, not from 1970',
      now: 10 * MINUTE,
      instances: [instance({ since: 9 * MINUTE })],
      wakeAt: 14 * MINUTE,
    },
    { name: 'keep-alive never runs while booting', now: 60 * MINUTE, instances: [instance({ state: 'booting' })] },
    { name: 'busy is never drained', now: 60 * MINUTE, instances: [instance({ inFlight: 1 })] },
    {
      name: 'the minimum stays past keep-alive',
      now: 60 * MINUTE,
      instances: [instance()],
      deployments: [d1({ policy: policy({ minInstances: 1 }) })],
    },
    {
      name: 'one that boots is no reason to drain the one that is warm',
      now: 60 * MINUTE,
      instances: [instance(), instance({ id: 'i2', state: 'booting' })],
      deployments: [d1({ policy: policy({ minInstances: 1 }) })],
    },
    {
      name: 'above the minimum the longest idle goes',
      now: 60 * MINUTE,
      instances: [instance({ lastUsedAt: 2 }), instance({ id: 'i2', lastUsedAt: 1 })],
      deployments: [d1({ policy: policy({ minInstances: 1 }) })],
      want: ['drain i2: idle'],
    },
  ])('$name', check);
});
