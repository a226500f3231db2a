import { describe, expect, it } from 'vitest';
import {
  type KeepAlive,
  NO_USE,
  planCycle,
  type Spare,
  spareOf,
  stayOf,
  type UseHistory,
  worthOf,
} from '../src/index.ts';
import { deployment, host, instance, MINUTE, need, policy, SECOND, waiting } from './build.ts';
import { type Case, check } from './plan-case.ts';

const HOUR = 60 * MINUTE;
const AUTO: KeepAlive = { kind: 'auto' };
const UNTIL_NEEDED: KeepAlive = { kind: 'until-needed' };

/** Idle since `idleSince`, asked for `count` times lately, booting in 20 s. */
const use = (over: Partial<UseHistory> = {}, count = 1): UseHistory => ({
  ...NO_USE,
  burstSince: 0,
  idleSince: 0,
  bootMs: 20 * SECOND,
  uses: { count, at: 0 },
  ...over,
});
/** Used every ten minutes: gone until 25 s before, kept until a minute after. */
const timer = use({ window: { fromMs: 10 * MINUTE, untilMs: 11 * MINUTE } });
const BOOT_AT = 10 * MINUTE - 25 * SECOND;

describe('planCycle, by keep-alive', () => {
  const auto = (over: Parameters<typeof deployment>[0] = {}) =>
    deployment({ policy: policy({ keepAlive: AUTO }), ...over });
  const cases: Case[] = [
    {
      name: 'until needed: idle for ever',
      now: 1_000 * HOUR,
      deployments: [deployment({ policy: policy({ keepAlive: UNTIL_NEEDED }) })],
      instances: [instance()],
    },
    {
      name: 'auto without any history: five minutes',
      now: 5 * MINUTE - 1,
      deployments: [auto()],
      instances: [instance()],
      wakeAt: 5 * MINUTE,
    },
    {
      name: '… and gone after them',
      now: 5 * MINUTE,
      deployments: [auto()],
      instances: [instance()],
      want: ['drain i1: idle'],
    },
    {
      name: 'auto stays as long as past use makes it worth',
      now: 20 * MINUTE - 1,
      deployments: [auto({ use: use({ window: { fromMs: 0, untilMs: 20 * MINUTE } }) })],
      instances: [instance()],
      wakeAt: 20 * MINUTE,
    },
    {
      name: '… and no longer',
      now: 20 * MINUTE,
      deployments: [auto({ use: use({ window: { fromMs: 0, untilMs: 20 * MINUTE } }) })],
      instances: [instance()],
      want: ['drain i1: idle'],
    },
    {
      name: 'while it is in use, one too many stays five minutes',
      now: 4 * MINUTE,
      deployments: [
        auto({ use: use({ idleSince: null }), demand: { waiting: 0, inFlight: 1, oldestWaitingAt: null } }),
      ],
      instances: [instance({ id: 'busy', inFlight: 1 }), instance({ id: 'idle' })],
      wakeAt: 5 * MINUTE,
    },
    {
      name: 'a timer: gone at once, and looked at again when it is time to boot',
      now: SECOND,
      deployments: [auto({ use: timer })],
      instances: [instance()],
      want: ['drain i1: idle'],
      wakeAt: BOOT_AT,
    },
    {
      name: 'a timer: nothing before its time',
      now: BOOT_AT - 1,
      deployments: [auto({ use: timer })],
      wakeAt: BOOT_AT,
    },
    {
      name: 'a timer: booted ahead',
      now: BOOT_AT,
      deployments: [auto({ use: timer })],
      want: ['boot d1 on h1: expected'],
    },
    {
      name: 'a timer: what was booted ahead is kept past the expected time',
      now: 10 * MINUTE + 30 * SECOND,
      deployments: [auto({ use: timer })],
      instances: [instance({ since: BOOT_AT + 20 * SECOND })],
      wakeAt: 11 * MINUTE,
    },
    {
      name: 'a timer that does not come: let go',
      now: 11 * MINUTE,
      deployments: [auto({ use: timer })],
      instances: [instance({ since: BOOT_AT + 20 * SECOND })],
      want: ['drain i1: idle'],
    },
    {
      name: 'a timer that does not come is not waited for twice',
      now: 12 * MINUTE,
      deployments: [auto({ use: timer })],
    },
    {
      name: 'a timer that is switched off is not booted',
      now: BOOT_AT,
      deployments: [auto({ use: timer, policy: policy({ keepAlive: AUTO, maxInstances: 0 }) })],
    },
    {
      name: 'nobody goes cold for a use that is only expected, and nobody hears of it',
      now: BOOT_AT,
      hosts: [host({ memoryMiB: 8_000 })],
      deployments: [auto({ use: timer }), deployment({ id: 'd2', policy: policy({ keepAlive: UNTIL_NEEDED }) })],
      instances: [instance({ deploymentId: 'd2' })],
    },
    {
      name: 'the same history means nothing to a fixed keep-alive',
      now: SECOND,
      deployments: [deployment({ use: timer })],
      instances: [instance()],
      wakeAt: 5 * MINUTE,
    },
  ];
  it.each(cases)('$name', check);

  it('says why, in words', () => {
    const because = (now: number, use: UseHistory, instances = [instance()]): string | undefined =>
      planCycle({ hosts: [host()], deployments: [auto({ use })], instances }, now).actions[0]?.detail;
    const learned = use({ window: { fromMs: 0, untilMs: 20 * MINUTE } });
    expect(because(25 * MINUTE, learned)).toBe('Idle for 25 min; to spare a cold boot it is kept for 20 min.');
    expect(because(SECOND, timer)).toBe('It is used by a timer; the next time is expected in 10 min.');
    expect(because(BOOT_AT, timer, [])).toMatch(/^It is used by a timer; the next time is expected in 25 s\. On h1/);
    expect(because(11 * MINUTE, timer)).toBe('It was expected to be used by now, and was not.');
  });
});

describe('who goes where room is needed', () => {
  const HOST = [host({ memoryMiB: 16_000 })];
  const comer = deployment({ id: 'comer', need: need(), demand: waiting(1) });
  const neighbour = (id: string, over: Partial<Parameters<typeof deployment>[0]> = {}) =>
    deployment({ id, policy: policy({ keepAlive: { kind: 'fixed', ms: HOUR } }), use: use(), ...over });
  const at = 30 * MINUTE;
  const idleFor = (id: string, idleMs: number, over: Partial<Parameters<typeof instance>[0]> = {}) =>
    instance({ id: `${id}1`, deploymentId: id, lastUsedAt: at - idleMs, ...over });
  const victims = (deployments: Case['deployments'], instances: Case['instances']): string[] =>
    planCycle(
      { hosts: HOST, deployments: [comer, ...(deployments ?? [])], instances: instances ?? [] },
      at,
    ).actions.flatMap((a) => (a.kind === 'drain' ? [a.instanceId] : []));

  it('the one that is asked for less, though the other idles longer', () => {
    const deployments = [neighbour('often', { use: use({}, 30) }), neighbour('seldom', { use: use({}, 2) })];
    expect(victims(deployments, [idleFor('often', 10 * MINUTE), idleFor('seldom', 5 * MINUTE)])).toEqual(['seldom1']);
  });
  it('what was asked for much is let go in the end', () => {
    const deployments = [neighbour('often', { use: use({}, 3) }), neighbour('seldom', { use: use({}, 2) })];
    expect(victims(deployments, [idleFor('often', 20 * MINUTE), idleFor('seldom', 5 * MINUTE)])).toEqual(['often1']);
  });
  it('of two that are asked for alike the one that boots faster', () => {
    const deployments = [neighbour('slow', { use: use({ bootMs: 60 * SECOND }) }), neighbour('fast')];
    expect(victims(deployments, [idleFor('slow', 10 * MINUTE), idleFor('fast', 5 * MINUTE)])).toEqual(['fast1']);
  });
  it('without any history the longest idle', () => {
    const deployments = [neighbour('a', { use: null }), neighbour('b', { use: null })];
    expect(victims(deployments, [idleFor('a', MINUTE), idleFor('b', 2 * MINUTE)])).toEqual(['b1']);
  });
  it('what is kept until it is needed goes before what has a keep-alive', () => {
    const kept = neighbour('kept', { use: use({}, 50), policy: policy({ keepAlive: UNTIL_NEEDED }) });
    expect(victims([kept, neighbour('timed')], [idleFor('kept', MINUTE), idleFor('timed', 20 * MINUTE)])).toEqual([
      'kept1',
    ]);
  });
  it('not what has only just booted, unless there is nobody else', () => {
    const fresh = idleFor('fresh', 0, { since: at - 15 * SECOND, lastUsedAt: null });
    const old = idleFor('old', MINUTE);
    const deployments = [neighbour('fresh', { use: use({}, 0) }), neighbour('old', { use: use({}, 50) })];
    expect(victims(deployments, [fresh, old])).toEqual(['old1']);
    const busy = { ...old, inFlight: 1 };
    expect(victims(deployments, [fresh, busy])).toEqual(['fresh1']);
  });
  it('never the busy, nor what a minimum keeps', () => {
    const pinned = neighbour('pinned', { policy: policy({ minInstances: 1 }) });
    const busy = neighbour('busy');
    expect(victims([pinned, busy], [idleFor('pinned', 20 * MINUTE), idleFor('busy', MINUTE, { inFlight: 1 })])).toEqual(
      [],
    );
  });

  it('worth is boot time by uses over idle time, as if there had been three more', () => {
    const one = instance({ lastUsedAt: 0 });
    expect(worthOf(one, use({}, 6), 10_000)).toBeCloseTo((20_000 * (3 + 6)) / 10_000, 2);
    expect(worthOf(one, null, 10_000)).toBe(0);
    expect(worthOf(one, use({}, 0), 10_000)).toBeCloseTo((20_000 * 3) / 10_000, 3);
  });
  it('of two that are seldom used the longer idle, though it was used twice as often', () => {
    const deployments = [neighbour('twice', { use: use({}, 2) }), neighbour('once', { use: use({}, 1) })];
    expect(victims(deployments, [idleFor('twice', 10 * MINUTE), idleFor('once', 7 * MINUTE)])).toEqual(['twice1']);
  });
  it('a boot is left in peace for as long as it took', () => {
    const turn = (ageMs: number): Spare['turn'] => spareOf(instance({ since: 0 }), AUTO, use(), ageMs).turn;
    expect([turn(20_000 - 1), turn(20_000)]).toEqual([2, 1]);
  });
});

it('until needed expires never, not even in the words of arithmetic', () => {
  const stay = stayOf(UNTIL_NEEDED, timer, 0);
  expect([stay.expiresAt(instance()), stay.expected]).toEqual([Infinity, null]);
});
