import { describe, expect, it } from 'vitest';
import {
  clairvoyant,
  coldInSlots,
  FixedKeepAlives,
  fixedWindow,
  gapsOf,
  hybridHistogram,
  predictionsIn,
  readUseTraces,
  typicalTraces,
  type Use,
  type UseTrace,
  warmAlone,
  warmAuto,
  warmInSlots,
} from '../src/index.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const trace = (uses: Readonly<Record<string, readonly (readonly [at: number, runMs: number])[]>>): UseTrace => ({
  name: 'made',
  uses: new Map(Object.entries(uses).map(([id, of]) => [id, of.map(([at, runMs]): Use => ({ at, runMs, count: 1 }))])),
});
const every = (periodMs: number, times: number): (readonly [number, number])[] =>
  Array.from({ length: times }, (_, n) => [n * periodMs, 0]);

describe('gaps', () => {
  it('run from the end of all runs so far; where one came meanwhile there is none', () => {
    const uses =
      trace({
        m: [
          [0, 10_000],
          [4_000, 1_000],
          [30_000, 5_000],
          [60_000, 1_000],
        ],
      }).uses.get('m') ?? [];
    expect(gapsOf('m', uses).map(({ from, to }) => [from, to])).toEqual([
      [10_000, 10_000],
      [10_000, 30_000],
      [35_000, 60_000],
    ]);
  });
});

describe('fixed and clairvoyant keep-alives', () => {
  const one = trace({ m: every(10 * MINUTE_MS, 4), other: [[0, 0]] });
  it.each([
    { name: 'longer than every gap: cold once each', policy: fixedWindow(10 * MINUTE_MS), cold: 2, idle: 30 },
    {
      name: 'a moment too short: cold each time, and all that idling for nothing',
      policy: fixedWindow(10 * MINUTE_MS - 1),
      cold: 5,
      idle: 30,
    },
    { name: 'none: cold each time', policy: fixedWindow(0), cold: 5, idle: 0 },
    { name: 'clairvoyant, where waiting is dear', policy: clairvoyant(HOUR_MS), cold: 2, idle: 30 },
    { name: 'clairvoyant, where waiting is cheap', policy: clairvoyant(MINUTE_MS), cold: 5, idle: 0 },
  ])('$name', ({ policy, cold, idle }) => {
    const cost = warmAlone(one, policy);
    expect([cost.coldStarts, Math.round(cost.idleMs / MINUTE_MS)]).toEqual([cold, idle]);
  });
});

it('any fixed keep-alive, from gaps in order, costs what it costs gap by gap', () => {
  const [people] = typicalTraces(2);
  if (people === undefined) throw new Error('there is no trace');
  const fixed = new FixedKeepAlives(people);
  for (const ms of [0, 1_000, 37_000, 10 * MINUTE_MS, 3 * HOUR_MS, 1_000 * HOUR_MS]) {
    const { idleMs, ...rest } = warmAlone(people, fixedWindow(ms));
    expect(fixed.cost(ms)).toEqual({ ...rest, idleMs: expect.closeTo(idleMs, 0) });
  }
  const edge = new FixedKeepAlives(trace({ m: every(MINUTE_MS, 3) }));
  expect([edge.cost(MINUTE_MS).coldStarts, edge.cost(MINUTE_MS - 1).coldStarts]).toEqual([1, 3]);
});

describe('the hybrid histogram', () => {
  it('learns a timer at its first gap: gone until 90% of it', () => {
    const cost = warmAlone(trace({ m: every(30 * MINUTE_MS, 11) }), hybridHistogram);
    // The first gap is idled through; of the others the last tenth.
    expect(cost).toMatchObject({ coldStarts: 1, preWarmed: 9 });
    expect(cost.idleMs).toBeCloseTo(30 * MINUTE_MS + 9 * 3 * MINUTE_MS, 0);
  });
  it('stays for four hours while it knows nothing', () => {
    expect(
      warmAlone(
        trace({
          m: [
            [0, 0],
            [4 * HOUR_MS, 0],
          ],
        }),
        hybridHistogram,
      ).coldStarts,
    ).toBe(1);
    expect(
      warmAlone(
        trace({
          m: [
            [0, 0],
            [4 * HOUR_MS + 1, 0],
          ],
        }),
        hybridHistogram,
      ).coldStarts,
    ).toBe(2);
  });
});

describe('caches', () => {
  // a b c a b c …: what LRU never has in two slots, and Belady half of the time.
  const round = trace({
    a: every(30_000, 10),
    b: every(30_000, 10).map(([at]) => [at + 10_000, 0]),
    c: every(30_000, 10).map(([at]) => [at + 20_000, 0]),
  });
  it('LRU loses a round of one more than it has slots for, Belady does not', () => {
    expect(coldInSlots(round, 2, 'lru')).toBe(30);
    expect(coldInSlots(round, 3, 'lru')).toBe(3);
    expect(coldInSlots(round, 2, 'belady')).toBeLessThan(18);
  });
  it('greedy-dual keeps what is used again and again', () => {
    const often = every(10_000, 30);
    const scan = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [
        `s${n}`,
        [[n * 15_000 + 5_000, 0] as const, [n * 15_000 + 5_001, 0] as const],
      ]),
    );
    const mixed = trace({ often, ...scan });
    expect(coldInSlots(mixed, 2, 'greedy-dual')).toBe(21);
  });
  it('a time to live lets go of what a slot is free for', () => {
    expect(coldInSlots(trace({ m: every(MINUTE_MS, 5) }), 4, { ttlMs: 30_000 })).toBe(5);
    expect(coldInSlots(trace({ m: every(MINUTE_MS, 5) }), 4, { ttlMs: MINUTE_MS })).toBe(1);
  });
  it('no planner beats Belady, and the one that ships has no more than a cold start a use', () => {
    const [people] = typicalTraces(3);
    if (people === undefined) throw new Error('there is no trace');
    const some: UseTrace = { ...people, uses: new Map([...people.uses].slice(20, 40)) };
    const ours = warmInSlots(some, 4, { kind: 'until-needed' }, 1).coldStarts;
    expect(ours).toBeGreaterThanOrEqual(coldInSlots(some, 4, 'belady'));
    expect(ours).toBeLessThan(coldInSlots(some, 4, { ttlMs: 5 * MINUTE_MS }));
  });
  it('what runs keeps its slot: who comes meanwhile waits for it, and so do those after him', () => {
    const long = trace({
      a: [
        [0, 60_000],
        [70_000, 0],
      ],
      b: [
        [10_000, 1_000],
        [20_000, 1_000],
        [65_000, 0],
      ],
    });
    // b is cold at 10 s and at 20 s, for a runs until 60 s; warm at 65 s; a is cold again at 70 s.
    expect(coldInSlots(long, 1, 'lru')).toBe(4);
    expect(coldInSlots(long, 2, 'lru')).toBe(2);
  });
  it('with room for all each is cold once', () => {
    expect(warmInSlots(round, 3, { kind: 'until-needed' }, 1).coldStarts).toBe(3);
  });
});

describe('auto', () => {
  it('is cold once for a timer, and idles a small part of what a fixed one would', () => {
    const timer = trace({ m: every(10 * MINUTE_MS, 60) });
    const [auto, fixed] = [warmAuto(timer, 24_000), warmAlone(timer, fixedWindow(10 * MINUTE_MS))];
    expect(auto.coldStarts).toBe(fixed.coldStarts);
    expect(auto.idleMs).toBeLessThan(fixed.idleMs / 5);
  });
  it('decides with nothing but the past: what comes later changes nothing before it', () => {
    const [people] = typicalTraces(5);
    if (people === undefined) throw new Error('there is no trace');
    const until = 5 * 24 * HOUR_MS;
    const early: UseTrace = {
      ...people,
      uses: new Map([...people.uses].map(([id, uses]) => [id, uses.filter(({ at }) => at <= until)])),
    };
    const standing: UseTrace = { ...early, uses: new Map([...early.uses].filter(([, uses]) => uses.length > 0)) };
    const rest: UseTrace = {
      ...standing,
      uses: new Map([
        ...standing.uses,
        [
          'late',
          [
            { at: until + HOUR_MS, runMs: 0, count: 1 },
            { at: until + 2 * HOUR_MS, runMs: 0, count: 1 },
          ],
        ],
      ]),
    };
    const [a, b] = [warmAuto(standing, 24_000), warmAuto(rest, 24_000)];
    expect(b.idleMs - a.idleMs).toBeLessThanOrEqual(HOUR_MS);
    expect(b.coldStarts - a.coldStarts).toBeLessThanOrEqual(2);
  });
});

describe('reading published traces', () => {
  it('requests by checkpoint and by group, from the first request on', () => {
    const [checkpoint, group] = readUseTraces('gen', [
      'gmt_create,predict_status,exec_time_seconds,groupId,checkpoint_model_version_id',
      '2024-11-15 00:01:00,SUCCEED,32.0,G0,M0',
      '2024-11-15 00:00:00,SUCCEED,8.5,G1,M0',
      '2024-11-15 00:02:00,PENDING,,G1,',
    ]);
    expect(checkpoint?.name).toBe('gen by checkpoint');
    expect([...(checkpoint?.uses ?? [])]).toEqual([
      [
        'M0',
        [
          { at: 0, runMs: 8_500, count: 1 },
          { at: 60_000, runMs: 32_000, count: 1 },
        ],
      ],
    ]);
    expect(group?.uses.get('G1')).toEqual([
      { at: 0, runMs: 8_500, count: 1 },
      { at: 120_000, runMs: 0, count: 1 },
    ]);
  });
  it.each(['480,481,482', '1_minute,2_minute,3_minute', 'minute_1,minute_2,minute_3'])(
    'functions by the minute: %s',
    (minutes) => {
      const [functions, ...none] = readUseTraces('azure', [
        `HashOwner,HashFunction,${minutes}`,
        'a,f,0,2,1',
        'a,g,0,0,0',
      ]);
      expect(none).toEqual([]);
      expect([...(functions?.uses ?? [])]).toEqual([
        [
          'f2',
          [
            { at: 60_000, runMs: 0, count: 2 },
            { at: 120_000, runMs: 0, count: 1 },
          ],
        ],
      ]);
    },
  );
  it('nothing of another kind, and a bad line by its number', () => {
    expect(readUseTraces('nodes', ['node,gpus', 'a,8'])).toEqual([]);
    expect(() => readUseTraces('azure', ['HashFunction,1_minute', 'f,many'])).toThrow(
      'line 2, column 1_minute: "many"',
    );
    expect(() =>
      readUseTraces('gen', ['gmt_create,exec_time_seconds,groupId,checkpoint_model_version_id', 'yesterday,1,G,M']),
    ).toThrow('line 2, column gmt_create');
  });
});

describe('typical traces', () => {
  const traces = typicalTraces(1);
  const sharesOf = ({ uses }: UseTrace) => {
    const gaps = [...uses].flatMap(([id, of]) => gapsOf(id, of).map(({ from, to }) => to - from));
    return (ms: number): number => gaps.filter((gap) => gap <= ms).length / gaps.length;
  };
  it('are the same for the same seed, and others for another', () => {
    expect(typicalTraces(1)).toEqual(traces);
    expect(typicalTraces(2)).not.toEqual(traces);
  });
  it('have the shape of what they are fitted to', () => {
    const [byModel, byUser, functions] = traces;
    if (byModel === undefined || byUser === undefined || functions === undefined) throw new Error('a trace is missing');
    expect([byModel.uses.size, byUser.uses.size, functions.uses.size]).toEqual([73, 1_700, expect.closeTo(245, -1)]);
    expect(predictionsIn(byModel)).toBeGreaterThan(8_500);
    expect(predictionsIn(byModel)).toBeLessThan(12_000);
    // GenTD26's first twelve days: 55% and 62% within a minute, 83% and 91% within ten.
    for (const [of, minute, ten] of [
      [byModel, 0.55, 0.83],
      [byUser, 0.62, 0.91],
    ] as const) {
      expect(Math.abs(sharesOf(of)(MINUTE_MS) - minute)).toBeLessThan(0.06);
      expect(Math.abs(sharesOf(of)(10 * MINUTE_MS) - ten)).toBeLessThan(0.06);
    }
    // Functions: two in three gaps are a minute, as short as the trace can tell.
    expect(sharesOf(functions)(MINUTE_MS)).toBeGreaterThan(0.6);
  });
});
