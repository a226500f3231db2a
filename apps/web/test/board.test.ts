import type { BoardDeployment, BoardHost, BoardInstance, WireDeploymentDay, WireUsageTotal } from '@hearth/contract';
import { describe, expect, it } from 'vitest';
import { afterChange, afterSnapshot, NO_BOARD } from '../src/api/board.ts';
import { deploymentNamed, keepAliveWords, partedByMaker } from '../src/features/deployments/find-deployment.ts';
import { doingOf, groupedByHost, heldOn, phaseOf } from '../src/features/fleet/instance-words.ts';
import { barsOf } from '../src/features/fleet/timeline-picture.ts';
import { costByDay, deploymentTimes, groupSums, hasGpus, timeByDay } from '../src/features/usage/sums.ts';
import { lastDays, usageViewIn } from '../src/features/usage/view.ts';

const AT = '2026-01-02T00:00:00.000Z';

const instance = (id: string, over: Partial<BoardInstance> = {}): BoardInstance => ({
  id,
  deployment: 'ada/story',
  deployment_id: 'd',
  model: 'ada/story',
  version: 'v',
  hardware: 'a100',
  host: 'h1',
  devices: ['0'],
  runtime: 'docker',
  memory_mib: 1024,
  slots: 1,
  in_flight: 0,
  state: 'ready',
  since: AT,
  reason: 'asked for',
  last_used_at: null,
  phases: {},
  created_at: AT,
  gpu_share_mib: 0,
  unhealthy: null,
  ask: null,
  ...over,
});

describe('the board', () => {
  const empty = { at: AT, deployments: [], instances: [], hosts: [], predictions: [] };

  it('keeps what nothing was said of as it is', () => {
    const before = afterSnapshot({ ...empty, instances: [instance('a'), instance('b')] });
    const after = afterChange(before, {
      at: AT,
      upserts: { instances: [instance('b', { in_flight: 1 }), instance('c')] },
      removals: {},
    });
    expect(after.instances.get('a')).toBe(before.instances.get('a'));
    expect([...after.instances.keys()]).toEqual(['a', 'b', 'c']);
    expect(after.hosts).toBe(before.hosts);
    const left = afterChange(after, { at: AT, upserts: {}, removals: { instances: ['a', 'z'] } });
    expect([...left.instances.keys()]).toEqual(['b', 'c']);
  });

  it('begins anew with a snapshot', () => {
    const old = afterSnapshot({ ...empty, instances: [instance('a')] });
    expect(old.instances.size).toBe(1);
    expect(afterSnapshot(empty)).toMatchObject({ line: 'live', instances: new Map() });
    expect(NO_BOARD.line).toBe('connecting');
  });
});

describe('instances', () => {
  it.each([
    [{ state: 'ready', in_flight: 0 }, 'idle'],
    [{ state: 'ready', in_flight: 1 }, 'busy'],
    [{ state: 'draining', in_flight: 1 }, 'draining'],
    [{ state: 'booting', in_flight: 0 }, 'booting'],
    [{ state: 'stopping', in_flight: 0 }, 'stopping'],
  ] as const)('%o is %s', (of, doing) => expect(doingOf(of)).toBe(doing));

  it('are in the phase that began last', () => {
    expect(phaseOf({ phases: {} })).toBeNull();
    expect(phaseOf({ phases: { place: '2026-01-02T00:00:00Z', setup: '2026-01-02T00:00:02Z' } })).toBe('setup');
  });

  it('of a host on which nothing changed stay the same list', () => {
    const [a, b] = [instance('a'), instance('b', { host: 'h2' })];
    const before = groupedByHost([a, b], new Map());
    const after = groupedByHost([a, instance('b', { host: 'h2', in_flight: 1 })], before);
    expect(after.get('h1')).toBe(before.get('h1'));
    expect(after.get('h2')).not.toBe(before.get('h2'));
  });

  it('hold shares of a GPU, and what the reader may not see is held too', () => {
    const device: BoardHost['devices'][number] = { id: '0', name: 'GPU', vram_mib: 100, held_mib: 60 };
    const held = heldOn(device, [instance('a', { gpu_share_mib: 40 }), instance('b', { devices: ['1'] })]);
    expect(held.shown.map(({ mib }) => mib)).toEqual([40]);
    expect([held.hiddenMiB, held.freeMiB]).toEqual([20, 40]);
    expect(heldOn({ ...device, held_mib: 100 }, [instance('a')])).toMatchObject({ hiddenMiB: 0, freeMiB: 0 });
  });
});

it('a timeline shows what of a life lies in it', () => {
  const at = (seconds: number) => new Date(seconds * 1_000).toISOString();
  const spans = [
    { what: 'booting', phase: 'setup', from: at(0), until: at(10) },
    { what: 'idle', phase: null, from: at(10), until: at(30) },
  ] as const;
  expect(barsOf({ spans: [...spans] }, 5_000, 15_000)).toEqual([
    { key: `booting-${at(0)}`, what: 'booting', left: 0, width: 0.5, words: 'booting, setup: 10.0 s' },
    { key: `idle-${at(10)}`, what: 'idle', left: 0.5, width: 0.5, words: 'idle: 20.0 s' },
  ]);
  expect(barsOf({ spans: [...spans] }, 40_000, 50_000)).toEqual([]);
});

describe('deployments', () => {
  const row = (over: Partial<BoardDeployment>): BoardDeployment =>
    Object.assign(Object.create(null), { id: 'd1', deployment: 'ada/story', mode: 'predict', implicit: true, ...over });

  it('are found by name as the API finds them: made before bare, the newest first, never a training’s', () => {
    const [old, fresh, training] = [row({ id: 'd1' }), row({ id: 'd2' }), row({ id: 'd3', mode: 'train' })];
    expect(deploymentNamed([old, fresh, training], 'ada/story')).toBe(fresh);
    const made = row({ id: 'd0', implicit: false });
    expect(deploymentNamed([old, made], 'ada/story')).toBe(made);
    expect(deploymentNamed([old], 'ada/other')).toBeUndefined();
    expect(partedByMaker([old, made, training])).toEqual({ made: [made], bare: [old] });
  });

  it.each([
    [300, '5 min'],
    [45, '45 s'],
    [90, '1 min 30 s'],
    ['auto', 'as learned'],
    ['until-needed', 'until its room is needed'],
  ] as const)('a keep-alive of %s is kept %s', (value, words) => expect(keepAliveWords(value)).toBe(words));
});

describe('usage', () => {
  const used = (day: string, key: string, cost_micros: number): WireUsageTotal => ({
    day,
    key,
    name: key,
    predictions: 1,
    predict_microseconds: 1_000_000,
    cost_micros,
    correction_micros: key === 'b' ? -1 : 0,
  });
  const rows = [used('2026-01-01', 'a', 1), used('2026-01-02', 'a', 2), used('2026-01-02', 'b', 9)];

  it('is summed over days, the dearest first, and told by day', () => {
    const sums = groupSums(rows);
    expect(
      sums.map(({ key, seconds, costMicros, correctionMicros }) => [key, seconds, costMicros, correctionMicros]),
    ).toEqual([
      ['b', 1, 9, -1],
      ['a', 2, 3, 0],
    ]);
    expect(costByDay(rows, ['2026-01-01', '2026-01-02'], sums.slice(0, 1))).toEqual([
      { day: '2026-01-01', values: [0, 1] },
      { day: '2026-01-02', values: [9, 2] },
    ]);
  });

  it('of instances counts GPUs where there are some', () => {
    const none = { booting: 0, busy: 0, idle: 0, leaving: 0 };
    const day: WireDeploymentDay = {
      day: '2026-01-01',
      deployment: 'ada/story',
      model: 'ada/story',
      instance_seconds: { booting: 1, busy: 2, idle: 3, leaving: 4 },
      gpu_seconds: none,
      predictions: 1,
      billed_seconds: 2,
      billed_gpu_seconds: 0,
      cost_micros: 1,
      idle_micros: 5,
      booting_micros: 1,
    };
    expect(hasGpus([day])).toBe(false);
    expect(hasGpus([{ ...day, gpu_seconds: { ...none, idle: 1 } }])).toBe(true);
    expect(deploymentTimes([day, day], 'instance')).toMatchObject([{ idle: 6, billed: 4, idleMicros: 10 }]);
    expect(timeByDay([day], ['2026-01-01', '2026-01-02'], 'instance')).toEqual([
      { day: '2026-01-01', values: [2, 3, 1, 4] },
      { day: '2026-01-02', values: [0, 0, 0, 0] },
    ]);
  });

  it('is of whole days in UTC, and of what the URL says', () => {
    expect(lastDays(3, Date.parse('2026-03-01T00:00:01Z'))).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
    expect(usageViewIn({ days: 7, by: 'token' })).toEqual({ days: '7', by: 'token' });
    expect(usageViewIn({ days: '8', by: 'moon' })).toEqual({ days: undefined, by: undefined });
  });
});
