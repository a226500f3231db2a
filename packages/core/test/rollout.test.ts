import { describe, expect, it } from 'vitest';
import { type Deployment, type Instance, planCycle } from '../src/index.ts';
import { demand, deployment, failure, host, instance, MINUTE, need, policy, SECOND, waiting } from './build.ts';
import { type Case, check } from './plan-case.ts';

/** The deployment runs v1; what runs v0 is of the release before. */
const old = (over: Partial<Instance> = {}): Instance => instance({ id: 'old1', versionId: 'v0', ...over });
const fresh = (over: Partial<Instance> = {}): Instance => instance({ id: 'new1', ...over });
const inFlight = (count: number, more: Partial<Deployment['demand']> = {}) => demand({ inFlight: count, ...more });
const noRoom = [host({ memoryMiB: 8_000 })];
const wide = [host({ memoryMiB: 80_000 })];

describe('a warm deployment whose release changed', () => {
  it.each<Case>([
    {
      name: 'idle within keep-alive: one fresh comes up beside it',
      instances: [old()],
      want: ['boot d1 on h1: rollout'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'the old one serves on while the fresh one boots',
      instances: [old(), fresh({ state: 'booting' })],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'and drains as soon as it is ready',
      instances: [old(), fresh()],
      want: ['drain old1: stale'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'three idle ones are replaced by one',
      hosts: wide,
      instances: [old(), old({ id: 'old2' }), old({ id: 'old3' })],
      want: ['boot d1 on h1: rollout'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'idle past keep-alive: cold is cold',
      now: 5 * MINUTE,
      instances: [old()],
      want: ['drain old1: idle'],
    },
    {
      name: 'keep-alive of nothing: an idle one is no reason to boot',
      deployments: [deployment({ policy: policy({ keepAlive: { kind: 'fixed', ms: 0 } }) })],
      instances: [old()],
      want: ['drain old1: idle'],
    },
    { name: 'cold stays cold', instances: [old({ state: 'draining' })] },
    {
      name: 'a boot of the old release is ended; nobody is served by it',
      deployments: [deployment({ demand: waiting(1) })],
      instances: [old({ state: 'booting' })],
      want: ['drain old1: stale', 'boot d1 on h1: demand'],
    },
    {
      name: 'a minimum that protects the old one boots as many fresh ones',
      now: 60 * MINUTE,
      hosts: wide,
      deployments: [deployment({ policy: policy({ minInstances: 2 }) })],
      instances: [old(), old({ id: 'old2' })],
      want: ['boot d1 on h1: min-instances', 'boot d1 on h1: min-instances'],
    },
    {
      name: 'a change of the scale alone restarts nothing',
      now: 1,
      deployments: [
        deployment({ policy: policy({ minInstances: 1, maxInstances: 5, keepAlive: { kind: 'fixed', ms: SECOND } }) }),
      ],
      instances: [fresh({ lastUsedAt: 0 })],
    },
  ])('$name', check);
});

describe('under load', () => {
  const busy = (id: string, over: Partial<Instance> = {}): Instance => old({ id, inFlight: 1, ...over });
  it.each<Case>([
    {
      name: 'as many fresh ones boot as there is demand, beside as many old ones',
      hosts: wide,
      deployments: [deployment({ demand: inFlight(3) })],
      instances: [busy('old1'), busy('old2'), busy('old3')],
      want: ['boot d1 on h1: demand', 'boot d1 on h1: demand', 'boot d1 on h1: demand'],
    },
    {
      name: 'the first fresh one takes the place of one old one, the idle one',
      hosts: wide,
      deployments: [deployment({ demand: inFlight(1, { waiting: 1, oldestWaitingAt: 0 }) })],
      instances: [busy('old1'), old({ id: 'old2' }), fresh(), fresh({ id: 'new2', state: 'booting' })],
      want: ['drain old2: stale'],
    },
    {
      name: 'a moment without demand does not send the rest away while fresh ones boot',
      hosts: wide,
      instances: [old(), old({ id: 'old2' }), fresh(), fresh({ id: 'new2', state: 'booting' })],
      want: ['drain old1: stale'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'the last ones go, though busy, once fresh ones suffice',
      hosts: wide,
      deployments: [deployment({ demand: inFlight(2) })],
      instances: [busy('old1'), fresh({ inFlight: 1 }), fresh({ id: 'new2' })],
      want: ['drain old1: stale'],
    },
    {
      name: 'what old ones that leave still hold asks for no fresh one',
      hosts: wide,
      deployments: [deployment({ demand: inFlight(2) })],
      instances: [busy('old1', { state: 'draining' }), busy('old2', { state: 'draining' }), fresh()],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'the maximum bounds each release by itself',
      hosts: wide,
      deployments: [
        deployment({ demand: inFlight(2, { waiting: 9, oldestWaitingAt: 0 }), policy: policy({ maxInstances: 2 }) }),
      ],
      instances: [busy('old1'), busy('old2')],
      want: ['boot d1 on h1: demand', 'boot d1 on h1: demand'],
    },
    {
      name: 'a release that lowers the maximum too lowers it for the old one as well',
      hosts: wide,
      deployments: [deployment({ demand: inFlight(2), policy: policy({ maxInstances: 1 }) })],
      instances: [busy('old1'), busy('old2')],
      want: ['drain old1: over-max', 'boot d1 on h1: demand'],
    },
    {
      name: 'a release that switches it off ends the old one',
      deployments: [deployment({ demand: inFlight(1), policy: policy({ maxInstances: 0 }) })],
      instances: [busy('old1')],
      want: ['drain old1: over-max'],
    },
    {
      name: 'an unhealthy old one serves nobody',
      deployments: [deployment({ demand: inFlight(1) })],
      instances: [busy('old1', { unhealthy: 'DEFUNCT' })],
      want: ['drain old1: unhealthy'],
    },
  ])('$name', check);
});

describe('where there is no room for both', () => {
  const other = (over: Partial<Deployment> = {}): Deployment => deployment({ id: 'd2', ...over });
  it.each<Case>([
    {
      name: 'the idle old one makes room',
      hosts: noRoom,
      instances: [old()],
      want: ['drain old1: stale'],
      blocked: ['d1: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'the busy one too, or the old release would run for ever',
      hosts: noRoom,
      deployments: [deployment({ demand: inFlight(1) })],
      instances: [old({ inFlight: 1 })],
      want: ['drain old1: stale'],
      blocked: ['d1: no-capacity'],
    },
    {
      name: 'an idle neighbour stays for a takeover that nobody waits for',
      hosts: [host({ memoryMiB: 16_000 })],
      deployments: [deployment(), other()],
      instances: [old(), instance({ id: 'other', deploymentId: 'd2' })],
      want: ['drain old1: stale'],
      blocked: ['d1: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'room that is on its way is waited for',
      hosts: [host({ memoryMiB: 16_000 })],
      deployments: [deployment(), other()],
      instances: [old(), instance({ id: 'other', deploymentId: 'd2', state: 'draining' })],
      blocked: ['d1: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'hardware that no host has: the old one serves on, and it is said',
      deployments: [deployment({ need: need({ memoryMiB: 80_000 }) })],
      instances: [old()],
      blocked: ['d1: no-hardware'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'an idle old one is evicted for another deployment that waits',
      hosts: noRoom,
      deployments: [deployment(), other({ demand: waiting(1) })],
      instances: [old()],
      want: ['drain old1: evicted'],
      blocked: ['d2: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
  ])('$name', check);
});

describe('a release that does not boot', () => {
  const broken = (over: Partial<Deployment> = {}): Deployment =>
    deployment({ backoff: { retryAt: 10 * SECOND, failure: failure({ kind: 'crash_loop' }) }, ...over });
  it.each<Case>([
    {
      name: 'the old one serves on, idle',
      deployments: [broken()],
      instances: [old()],
      blocked: ['d1: crash-loop'],
      wakeAt: 10 * SECOND,
    },
    {
      name: 'the old one serves on, busy',
      deployments: [broken({ demand: inFlight(1) })],
      instances: [old({ inFlight: 1 })],
      blocked: ['d1: crash-loop'],
      wakeAt: 10 * SECOND,
    },
    {
      name: 'a minimum holds it past its keep-alive',
      now: 60 * MINUTE,
      deployments: [broken({ policy: policy({ minInstances: 1 }), backoff: null })],
      instances: [old(), fresh({ state: 'booting' })],
    },
    {
      name: 'the trial is one, however many old ones are busy',
      now: 10 * SECOND,
      hosts: wide,
      deployments: [broken({ demand: inFlight(2) })],
      instances: [old({ inFlight: 1 }), old({ id: 'old2', inFlight: 1 })],
      want: ['boot d1 on h1: demand'],
    },
  ])('$name', check);

  it('says who serves meanwhile', () => {
    const snapshot = { hosts: [host()], deployments: [broken()], instances: [old()] };
    expect(planCycle(snapshot, 0).blocked[0]?.detail).toBe(
      'The new release does not boot; the earlier one serves. setup() raised ValueError: no weights',
    );
  });
});
