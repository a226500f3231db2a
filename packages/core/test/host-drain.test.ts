import { describe, it } from 'vitest';
import { demand, deployment, failure, host, instance, MINUTE, policy, waiting } from './build.ts';
import { type Case, check } from './plan-case.ts';

/** h1 is being drained; each host holds one instance. */
const leaving = host({ draining: true, memoryMiB: 8_000 });
const other = host({ id: 'h2', memoryMiB: 8_000 });
const there = (over = {}) => instance({ id: 'i2', hostId: 'h2', ...over });

describe('a host that is being drained', () => {
  it.each<Case>([
    {
      name: 'what is warm there boots elsewhere first, though nobody asks for it',
      hosts: [leaving, other],
      instances: [instance()],
      want: ['boot d1 on h2: rollout'],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'serves until the other is ready',
      hosts: [leaving, other],
      instances: [instance({ inFlight: 1 }), there({ state: 'booting' })],
      deployments: [deployment({ demand: demand({ inFlight: 1 }) })],
    },
    {
      name: 'goes once the other is ready, and finishes what it holds',
      hosts: [leaving, other],
      instances: [instance({ inFlight: 1 }), there()],
      deployments: [deployment({ demand: demand({ inFlight: 1 }) })],
      want: ['drain i1: host-drained'],
    },
    {
      name: 'ends its boots at once',
      hosts: [leaving, other],
      instances: [instance({ state: 'booting' })],
      deployments: [deployment({ demand: waiting(1) })],
      want: ['drain i1: host-drained', 'boot d1 on h2: demand'],
    },
    {
      name: 'goes nevertheless where nothing has room for another',
      hosts: [leaving],
      instances: [instance({ inFlight: 1 })],
      deployments: [deployment({ demand: demand({ inFlight: 1 }) })],
      want: ['drain i1: host-drained'],
      blocked: ['d1: cordoned'],
    },
    {
      name: 'goes nevertheless where nothing boots elsewhere',
      now: 1,
      hosts: [leaving, other],
      instances: [instance()],
      deployments: [deployment({ backoff: { retryAt: MINUTE, failure: failure() } })],
      want: ['drain i1: host-drained'],
      blocked: ['d1: backoff'],
      wakeAt: MINUTE,
    },
    {
      name: 'keeps a minimum by booting it elsewhere',
      hosts: [leaving, other],
      instances: [instance({ lastUsedAt: 0 })],
      deployments: [deployment({ policy: policy({ minInstances: 1 }) })],
      want: ['boot d1 on h2: min-instances'],
    },
  ])('$name', check);
});
