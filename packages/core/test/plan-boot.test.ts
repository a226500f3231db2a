import { describe, expect, it } from 'vitest';
import { type Deployment, planCycle } from '../src/index.ts';
import { demand, deployment, device, failure, host, instance, MINUTE, need, policy, SECOND, waiting } from './build.ts';
import { type Case, check } from './plan-case.ts';

/** An instance that fills an 8,000 MiB host, and a host that it fills. */
const SMALL = [host({ memoryMiB: 8_000 })];
const d1 = deployment;
const d2 = (over: Partial<Deployment> = {}): Deployment => deployment({ id: 'd2', ...over });
const d3 = (over: Partial<Deployment> = {}): Deployment => deployment({ id: 'd3', ...over });

describe('4. boot what demand lacks', () => {
  const wide = policy({ maxInstances: 9 });
  it.each<Case>([
    {
      name: 'cold: a waiting prediction boots one',
      deployments: [d1({ demand: waiting(1) })],
      want: ['boot d1 on h1: demand'],
    },
    {
      name: 'three waiting boot three',
      deployments: [d1({ demand: waiting(3) })],
      want: ['boot d1 on h1: demand', 'boot d1 on h1: demand', 'boot d1 on h1: demand'],
    },
    {
      name: 'never above the maximum',
      deployments: [d1({ demand: waiting(9), policy: policy({ maxInstances: 1 }) })],
      want: ['boot d1 on h1: demand'],
    },
    {
      name: 'one that boots counts as capacity',
      deployments: [d1({ demand: waiting(1) })],
      instances: [instance({ state: 'booting' })],
    },
    {
      name: 'one that drains does not',
      deployments: [d1({ demand: waiting(1) })],
      instances: [instance({ state: 'draining' })],
      want: ['boot d1 on h1: demand'],
    },
    {
      name: 'the minimum boots with no demand',
      deployments: [d1({ policy: policy({ minInstances: 1 }) })],
      want: ['boot d1 on h1: min-instances'],
    },
    {
      name: 'demand first, then what the minimum adds',
      deployments: [d1({ demand: waiting(1), policy: policy({ minInstances: 2 }) })],
      want: ['boot d1 on h1: demand', 'boot d1 on h1: min-instances'],
    },
    {
      name: 'the longest wait goes first',
      hosts: SMALL,
      deployments: [d1({ demand: waiting(1, 2) }), d2({ demand: waiting(1, 1) })],
      want: ['boot d2 on h1: demand'],
      blocked: ['d1: no-capacity'],
    },
    {
      name: 'demand goes before a minimum',
      hosts: SMALL,
      deployments: [d1({ policy: policy({ minInstances: 1 }) }), d2({ demand: waiting(1, 1) })],
      want: ['boot d2 on h1: demand'],
      blocked: ['d1: no-capacity'],
    },
    {
      name: 'two GPUs for two, each its own',
      hosts: [host({ devices: [device('a'), device('b')] })],
      deployments: [d1({ need: need({ gpus: 1, vramMiB: 1 }), demand: waiting(3), policy: wide })],
      want: ['boot d1 on h1+a: demand', 'boot d1 on h1+b: demand'],
      blocked: ['d1: no-capacity'],
    },
    {
      name: 'cordoned hosts get nothing',
      hosts: [host({ cordoned: true })],
      deployments: [d1({ demand: waiting(1) })],
      blocked: ['d1: cordoned'],
    },
    {
      name: 'no hardware for it: said, and nobody is evicted for it',
      hosts: SMALL,
      deployments: [d1(), d2({ demand: waiting(1), need: need({ memoryMiB: 8_001 }) })],
      instances: [instance()],
      blocked: ['d2: no-hardware'],
      wakeAt: 5 * MINUTE,
    },
  ])('$name', check);
});

describe('4. evict only where nothing fits', () => {
  const roomForTwo = [host({ memoryMiB: 16_000 })];
  const leaving = instance({ state: 'draining', inFlight: 1 });
  it.each<Case>([
    {
      name: 'the idle neighbour goes, the boot comes in a later cycle',
      hosts: SMALL,
      deployments: [d1(), d2({ demand: waiting(1) })],
      instances: [instance()],
      want: ['drain i1: evicted'],
      blocked: ['d2: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'a busy neighbour stays',
      hosts: SMALL,
      deployments: [d1({ demand: demand({ inFlight: 1 }) }), d2({ demand: waiting(1) })],
      instances: [instance({ inFlight: 1 })],
      blocked: ['d2: no-capacity'],
    },
    {
      name: 'one that a minimum protects stays',
      hosts: SMALL,
      deployments: [d1({ policy: policy({ minInstances: 1 }) }), d2({ demand: waiting(1) })],
      instances: [instance()],
      blocked: ['d2: no-capacity'],
    },
    {
      name: 'one that is wanted again stays',
      hosts: SMALL,
      deployments: [d1({ demand: waiting(1, 5) }), d2({ demand: waiting(1, 1) })],
      instances: [instance()],
      blocked: ['d2: no-capacity'],
    },
    {
      name: 'one that boots stays',
      hosts: SMALL,
      deployments: [d1(), d2({ demand: waiting(1) })],
      instances: [instance({ state: 'booting' })],
      blocked: ['d2: no-capacity'],
    },
    {
      name: 'room is on its way: nobody else goes',
      hosts: roomForTwo,
      deployments: [d1(), d2({ demand: waiting(1) })],
      instances: [leaving, instance({ id: 'i2' })],
      blocked: ['d2: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'room that expires in this cycle is on its way too',
      now: 5 * MINUTE,
      hosts: roomForTwo,
      deployments: [d1(), d2({ demand: waiting(1) })],
      instances: [instance(), instance({ id: 'i2', lastUsedAt: 1 })],
      want: ['drain i1: idle'],
      blocked: ['d2: no-capacity'],
      wakeAt: 5 * MINUTE + 1,
    },
    {
      name: 'room on its way is promised once: the second evicts for itself',
      hosts: roomForTwo,
      deployments: [d1(), d2({ demand: waiting(1) }), d3({ demand: waiting(1, 1) })],
      instances: [leaving, instance({ id: 'i2' })],
      want: ['drain i2: evicted'],
      blocked: ['d2: no-capacity', 'd3: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'two are blocked: each gets its own eviction in one cycle',
      hosts: roomForTwo,
      deployments: [d1(), d2({ demand: waiting(1) }), d3({ demand: waiting(1, 1) })],
      instances: [instance(), instance({ id: 'i2' })],
      want: ['drain i1: evicted', 'drain i2: evicted'],
      blocked: ['d2: no-capacity', 'd3: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'a small latecomer does not take the room that the longest waiter was promised',
      hosts: [host({ memoryMiB: 12_000 })],
      deployments: [
        d1(),
        d2({ need: need({ memoryMiB: 12_000 }), demand: waiting(1) }),
        d3({ need: need({ memoryMiB: 4_000 }), demand: waiting(1, 1) }),
      ],
      instances: [leaving],
      blocked: ['d2: no-capacity', 'd3: no-capacity'],
    },
    {
      name: 'nor its GPU',
      hosts: [host({ devices: [device('a'), device('b')] })],
      deployments: [
        d1(),
        d2({ need: need({ gpus: 2, vramMiB: 1 }), demand: waiting(1) }),
        d3({ need: need({ gpus: 1, vramMiB: 1 }), demand: waiting(1, 1) }),
      ],
      instances: [{ ...leaving, deviceIds: ['a'] }],
      blocked: ['d2: no-capacity', 'd3: no-capacity'],
    },
    {
      name: 'all idle ones together would be too little: nobody goes',
      hosts: [host({ memoryMiB: 24_000 })],
      deployments: [
        d1(),
        d2({ need: need({ memoryMiB: 20_000 }), demand: waiting(1) }),
        d3({ demand: demand({ inFlight: 1 }) }),
      ],
      instances: [instance(), instance({ id: 'i3', deploymentId: 'd3', inFlight: 1 })],
      blocked: ['d2: no-capacity'],
      wakeAt: 5 * MINUTE,
    },
  ])('$name', check);

  it('says where room is being made', () => {
    const { blocked } = planCycle(
      { hosts: SMALL, deployments: [d1(), d2({ demand: waiting(1) })], instances: [instance()] },
      0,
    );
    expect(blocked.map((b) => b.detail)).toEqual(['Every host that could hold it is full. Room is being made on h1.']);
  });
});

describe('4. honour the backoff', () => {
  const after = (retryAt: number, kind: 'setup_error' | 'crash_loop' = 'setup_error') => ({
    retryAt,
    failure: failure({ kind }),
  });
  const failing = (over: Partial<Deployment> = {}) => d1({ demand: waiting(3), backoff: after(SECOND), ...over });
  it.each<Case>([
    {
      name: 'a millisecond before: waits, and wakes for it',
      now: SECOND - 1,
      deployments: [failing()],
      blocked: ['d1: backoff'],
      wakeAt: SECOND,
    },
    {
      name: 'at the instant: one boot, as a trial',
      now: SECOND,
      deployments: [failing()],
      want: ['boot d1 on h1: demand'],
    },
    {
      name: 'while the trial boots, no second',
      now: SECOND,
      deployments: [failing()],
      instances: [instance({ state: 'booting' })],
    },
    {
      name: 'beside a ready one the trial is one too',
      now: SECOND,
      deployments: [failing()],
      instances: [instance({ inFlight: 1 })],
      want: ['boot d1 on h1: demand'],
    },
    {
      name: 'a crash loop is called one',
      deployments: [failing({ backoff: after(SECOND, 'crash_loop') })],
      blocked: ['d1: crash-loop'],
      wakeAt: SECOND,
    },
    {
      name: 'a minimum waits too',
      deployments: [d1({ policy: policy({ minInstances: 1 }), backoff: after(SECOND) })],
      blocked: ['d1: backoff'],
      wakeAt: SECOND,
    },
    { name: 'with nothing lacking there is nothing to wake for', deployments: [d1({ backoff: after(SECOND) })] },
    {
      name: 'nobody is evicted for what may not boot',
      hosts: SMALL,
      deployments: [failing(), d2()],
      instances: [instance({ deploymentId: 'd2' })],
      blocked: ['d1: backoff'],
      wakeAt: SECOND,
    },
    {
      name: 'of keep-alive and backoff, wakes for the earlier',
      deployments: [failing(), d2()],
      instances: [instance({ deploymentId: 'd2' })],
      blocked: ['d1: backoff'],
      wakeAt: SECOND,
    },
  ])('$name', check);

  it('the detail is the failure', () => {
    const [blocked] = planCycle({ hosts: [host()], deployments: [failing()], instances: [] }, 0).blocked;
    expect(blocked?.detail).toBe('setup() raised ValueError: no weights');
  });
});
