import { describe, expect, it } from 'vitest';
import {
  beyondMaximum,
  type Instance,
  idleSurplus,
  inWords,
  isStale,
  longestIdleFirst,
  sizeFor,
  stayOf,
  temperature,
  UNMEASURED,
} from '../src/index.ts';
import { demand, instance, MINUTE, policy, SECOND } from './build.ts';

const ids = (instances: readonly Instance[]): string[] => instances.map((i) => i.id);

describe('sizeFor, of what was never measured', () => {
  it.each([
    { name: 'nothing asked, nothing needed', waiting: 0, inFlight: 0, want: 0 },
    { name: 'one waiting needs one', waiting: 1, inFlight: 0, want: 1 },
    { name: 'one in flight needs the one that runs it', waiting: 0, inFlight: 1, want: 1 },
    { name: 'waiting and in flight add up', waiting: 1, inFlight: 1, want: 2 },
    { name: 'never above the maximum', waiting: 4, inFlight: 0, want: 3 },
    { name: 'slots exactly full need no further one', waiting: 2, inFlight: 2, slots: 4, want: 1 },
    { name: 'one more than the slots needs a second', waiting: 3, inFlight: 2, slots: 4, want: 2 },
    { name: 'the minimum holds with no demand', waiting: 0, inFlight: 0, min: 2, want: 2 },
    { name: 'demand above the minimum counts once', waiting: 3, inFlight: 0, min: 2, want: 3 },
    { name: 'the maximum wins over the minimum', waiting: 0, inFlight: 0, min: 5, want: 3 },
  ])('$name', ({ waiting, inFlight, slots = 1, min = 0, want }) => {
    const scale = policy({ slotsPerInstance: slots, minInstances: min, maxInstances: 3 });
    const { needed } = sizeFor(demand({ waiting, inFlight }), { policy: scale, measures: UNMEASURED }, [], 0);
    expect(needed).toBe(want);
  });
});

describe('beyondMaximum', () => {
  const fleet = [
    instance({ id: 'busy', inFlight: 2 }),
    instance({ id: 'idle-long', lastUsedAt: 1 }),
    instance({ id: 'booting', state: 'booting', since: 3 }),
    instance({ id: 'idle-short', lastUsedAt: 2 }),
  ];
  it.each([
    { name: 'at the maximum: nobody', max: 4, want: [] },
    { name: 'one above: the one that still boots', max: 3, want: ['booting'] },
    { name: 'then the longest idle', max: 1, want: ['booting', 'idle-long', 'idle-short'] },
    { name: 'switched off: the busy one too', max: 0, want: ['booting', 'idle-long', 'idle-short', 'busy'] },
  ])('$name', ({ max, want }) => {
    expect(ids(beyondMaximum(fleet, max))).toEqual(want);
  });
});

describe('idleSurplus', () => {
  const usedAt = (id: string, lastUsedAt: number | null, over: Partial<Instance> = {}) =>
    instance({ id, lastUsedAt, ...over });
  interface Case {
    name: string;
    ready: Instance[];
    needed?: number;
    now: number;
    expired?: string[];
    spare?: string[];
    next?: number;
  }
  const cases: Case[] = [
    {
      name: 'a millisecond before the end it is spare',
      ready: [usedAt('a', 0)],
      now: MINUTE - 1,
      spare: ['a'],
      next: MINUTE,
    },
    { name: 'at the end it expires', ready: [usedAt('a', 0)], now: MINUTE, expired: ['a'] },
    { name: 'needed ones do neither', ready: [usedAt('a', 0)], needed: 1, now: 9 * MINUTE },
    {
      name: 'of two with one needed, the longest idle goes',
      ready: [usedAt('a', 10), usedAt('b', 5)],
      needed: 1,
      now: 9 * MINUTE,
      expired: ['b'],
    },
    { name: 'busy is neither, though surplus', ready: [usedAt('a', 0, { inFlight: 1 })], now: 9 * MINUTE },
    {
      name: 'a busy one counts as the needed one',
      ready: [usedAt('a', 0, { inFlight: 1 }), usedAt('b', 0)],
      needed: 1,
      now: 9 * MINUTE,
      expired: ['b'],
    },
    {
      name: 'never used: idle since it became ready',
      ready: [usedAt('a', null, { since: 5 * MINUTE })],
      now: 6 * MINUTE - 1,
      spare: ['a'],
      next: 6 * MINUTE,
    },
    {
      name: 'used in an earlier life: idle since it became ready',
      ready: [usedAt('a', 1, { since: 5 * MINUTE })],
      now: 6 * MINUTE - 1,
      spare: ['a'],
      next: 6 * MINUTE,
    },
    { name: 'keep-alive never runs while booting', ready: [usedAt('a', null, { state: 'booting' })], now: 9 * MINUTE },
    {
      name: 'some expired, some spare; the next is the earliest spare',
      ready: [usedAt('c', 50 * SECOND), usedAt('a', 0), usedAt('b', 40 * SECOND)],
      now: MINUTE,
      expired: ['a'],
      spare: ['b', 'c'],
      next: 100 * SECOND,
    },
    { name: 'equally idle: by id', ready: [usedAt('b', 0), usedAt('a', 0)], needed: 1, now: MINUTE, expired: ['a'] },
  ];
  it.each(cases)('$name', ({ ready, needed = 0, now, expired = [], spare = [], next = null }) => {
    const surplus = idleSurplus(ready, needed, stayOf({ kind: 'fixed', ms: MINUTE }, null, now), now);
    expect({ expired: ids(surplus.expired), spare: ids(surplus.spare), next: surplus.nextExpiryAt }).toEqual({
      expired,
      spare,
      next,
    });
  });

  it('orders by idle time and then by id', () => {
    const row = [usedAt('c', 1), usedAt('b', 1), usedAt('a', 2)];
    expect(ids(row.toSorted(longestIdleFirst))).toEqual(['b', 'c', 'a']);
  });
});

describe('rollout', () => {
  const release = { versionId: 'v1', hardwareSku: 'cpu' };
  it.each([
    { name: 'the same version on the same hardware is current', over: {}, want: false },
    { name: 'another version is stale', over: { versionId: 'v0' }, want: true },
    { name: 'other hardware is stale', over: { hardwareSku: 'gpu' }, want: true },
  ])('$name', ({ over, want }) => {
    expect(isStale(instance(over), release)).toBe(want);
  });
});

describe('temperature', () => {
  it.each([
    { name: 'nothing: cold', instances: [], want: 'cold' },
    {
      name: 'only leaving: cold',
      instances: [instance({ state: 'draining' }), instance({ state: 'stopping' })],
      want: 'cold',
    },
    { name: 'one booting: booting', instances: [instance({ state: 'booting' })], want: 'booting' },
    { name: 'ready and idle: warm', instances: [instance()], want: 'warm' },
    { name: 'one slot of two in use: warm', instances: [instance({ inFlight: 1 })], want: 'warm' },
    { name: 'every slot in use: busy', instances: [instance({ inFlight: 2 })], want: 'busy' },
    {
      name: 'full, and a second one boots: still busy',
      instances: [instance({ inFlight: 2 }), instance({ state: 'booting' })],
      want: 'busy',
    },
    { name: 'full, and a second one idle: warm', instances: [instance({ inFlight: 2 }), instance()], want: 'warm' },
    { name: 'ready but unhealthy: cold', instances: [instance({ unhealthy: 'DEFUNCT' })], want: 'cold' },
  ])('$name', ({ instances, want }) => {
    expect(temperature(instances.map((i) => ({ ...i, slots: 2 })))).toBe(want);
  });
});

it.each([
  [-5, '0 ms'],
  [999, '999 ms'],
  [1_000, '1 s'],
  [119_999, '120 s'],
  [120_000, '2 min'],
  [7_199_999, '120 min'],
  [7_200_000, '2 h'],
])('%d ms reads as %s', (spanMs, want) => {
  expect(inWords(spanMs)).toBe(want);
});
