import { expect, it } from 'vitest';
import { type Deployment, planCycle } from '../src/index.ts';
import { deployment, host, instance, MINUTE, policy, waiting } from './build.ts';
import { inShort } from './plan-case.ts';

const d1 = deployment;
const d2 = (over: Partial<Deployment> = {}): Deployment => deployment({ id: 'd2', ...over });
const d3 = (over: Partial<Deployment> = {}): Deployment => deployment({ id: 'd3', ...over });

it('steps keep their order, and every action says why in words', () => {
  const plan = planCycle(
    {
      hosts: [host({ memoryMiB: 64_000 })],
      deployments: [d1({ demand: waiting(2, 1_000) }), d2({ policy: policy({ minInstances: 1 }) }), d3()],
      instances: [
        instance({ id: 'i1', state: 'draining', intakeClosed: true }),
        instance({ id: 'i2', unhealthy: 'DEFUNCT: the CUDA context is gone' }),
        instance({ id: 'i3', versionId: 'v0', state: 'booting' }),
        instance({ id: 'i4', deploymentId: 'gone' }),
        instance({ id: 'i5', deploymentId: 'd3' }),
      ],
    },
    6 * MINUTE,
  );
  expect(`\n${plan.actions.map((a) => `${inShort(a)} · ${a.detail}`).join('\n')}\n`).toMatchInlineSnapshot(`
    "
    stop i1: drained · It takes no prediction any more and holds none.
    drain i4: removed · Its deployment no longer exists.
    drain i2: unhealthy · DEFUNCT: the CUDA context is gone
    drain i3: stale · Its deployment has moved to another version or other hardware.
    drain i5: idle · Idle for 6 min; keep-alive is 5 min.
    boot d1 on h1: demand · Waiting: 2, the oldest for 6 min; in flight: 0. On h1: the only host with room now.
    boot d1 on h1: demand · Waiting: 2, the oldest for 6 min; in flight: 0. On h1: the only host with room now.
    boot d2 on h1: min-instances · At least 1 is kept. On h1: the only host with room now.
    "
  `);
});
