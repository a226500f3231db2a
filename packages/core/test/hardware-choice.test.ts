import { describe, expect, it } from 'vitest';
import {
  freeGiven,
  type HardwareChoice,
  isStale,
  type Need,
  nearestRefusal,
  place,
  placeFirst,
  planCycle,
} from '../src/index.ts';
import { deployment, device, host, instance, need, waiting } from './build.ts';

const choice = (sku: string, over: Partial<Need>): HardwareChoice => ({
  sku,
  need: need({ memoryMiB: 1_000, ...over }),
});
const a100 = choice('a100', { gpus: 1, gpuType: 'A100' });
const t4 = choice('t4', { gpus: 1, gpuType: 'T4' });
const cpu = choice('cpu', {});

const hosts = [
  host({ id: 'h1', devices: [{ ...device('g1'), name: 'NVIDIA A100' }] }),
  host({ id: 'h2', devices: [{ ...device('g2'), name: 'Tesla T4' }] }),
];
const on = (hostId: string, deviceId: string) =>
  instance({ id: deviceId, hostId, deviceIds: [deviceId], deploymentId: 'other', memoryMiB: 1_000, inFlight: 1 });

describe('the first choice that has room now', () => {
  it.each([
    ['is the preferred one, while it has', [], 'a100 h1'],
    ['is the next one, where that is full', [on('h1', 'g1')], 't4 h2'],
    ['is the one after it, where both are', [on('h1', 'g1'), on('h2', 'g2')], 'cpu h1'],
  ])('%s', (_, held, want) => {
    const found = placeFirst([a100, t4, cpu], (of) => place(hosts, freeGiven(held), of));
    expect(found && `${found.choice.sku} ${found.placement.hostId}`).toBe(want);
  });

  it('is none where none has', () => {
    expect(placeFirst([a100], (of) => place(hosts, freeGiven([on('h1', 'g1')]), of))).toBeNull();
  });
});

describe('a plan for a deployment with a fallback', () => {
  const of = deployment({ hardwareSku: 'a100', need: a100.need, fallback: [t4], demand: waiting(1) });
  const others = deployment({ id: 'other', demand: { waiting: 0, inFlight: 1, oldestWaitingAt: null } });

  it('boots it there, and says on which hardware', () => {
    const { actions } = planCycle({ hosts, deployments: [of, others], instances: [on('h1', 'g1')] }, 0);
    expect(actions).toMatchObject([
      { kind: 'boot', hardwareSku: 't4', need: t4.need, placement: { hostId: 'h2', deviceIds: ['g2'] } },
    ]);
  });

  it('is blocked by the refusal that is nearest to an end', () => {
    expect(nearestRefusal(hosts, [choice('h100', { gpus: 1, gpuType: 'H100' }).need, t4.need])).toEqual({
      reason: 'no-capacity',
      detail: 'Every host that could hold it is full.',
    });
  });

  it('does not give away a GPU on which a stopped instance lingers, and looks again when it need not be believed', () => {
    const { id: _, ...gone } = on('h1', 'g1');
    const lingering = [{ ...gone, until: 60_000 }];
    const alone = deployment({ hardwareSku: 'a100', need: a100.need, demand: waiting(1) });
    const plan = planCycle({ hosts, deployments: [alone], instances: [], lingering }, 0);
    expect([plan.actions, plan.blocked[0]?.reason, plan.wakeAt]).toEqual([[], 'no-capacity', 60_000]);
  });
});

it.each([
  ['on the hardware that its deployment prefers', 'a100', false],
  ['on a fallback', 't4', false],
  ['on anything else', 'cpu', true],
])('an instance %s', (_, hardwareSku, stale) => {
  const release = { versionId: 'v1', hardwareSku: 'a100', fallback: [{ sku: 't4' }] };
  expect(isStale({ versionId: 'v1', hardwareSku }, release)).toBe(stale);
});
