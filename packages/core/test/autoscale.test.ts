import { describe, expect, it } from 'vitest';
import { holdBack, measuresOf, NeedHistories, sizeFor, spreadOf, UNMEASURED, withNeed } from '../src/index.ts';
import { demand, instance, MINUTE, policy, SECOND } from './build.ts';

const spread = (ms: number) => ({ count: 9, meanMs: ms, p50Ms: ms, p90Ms: ms });
const pace = (runMs: number, bootMs: number, runsPerSecond = 0) => ({
  runs: spread(runMs),
  boots: spread(bootMs),
  runsPerSecond,
});
const NOW = 10 * MINUTE;

describe('sizeFor', () => {
  interface Case {
    name: string;
    waiting?: number;
    inFlight?: number;
    slots?: number;
    measures: Parameters<typeof sizeFor>[1]['measures'];
    asked: number;
    rule?: string;
  }
  const short = pace(SECOND, 9 * SECOND);
  it.each<Case>([
    { name: 'nothing', measures: short, asked: 0, rule: 'idle' },
    { name: 'cold, one waits', waiting: 1, measures: short, asked: 1 },
    { name: 'a slot starts one at once and nine more while one would boot', waiting: 10, measures: short, asked: 1 },
    { name: 'an eleventh is worth a second', waiting: 11, measures: short, asked: 2 },
    { name: 'a burst scales at once, to what it takes', waiting: 95, measures: short, asked: 10 },
    { name: 'by slots, not by instances', waiting: 95, slots: 4, measures: short, asked: 3 },
    { name: 'runs longer than a boot get a slot each', waiting: 5, measures: pace(10 * SECOND, 9 * SECOND), asked: 5 },
    { name: 'never fewer than what is in flight fills', inFlight: 5, measures: short, asked: 5 },
    { name: 'never more than a slot each', waiting: 2, measures: pace(SECOND, 9 * SECOND, 100), asked: 2 },
    {
      name: 'a boot of no time is counted as a second',
      waiting: 4,
      measures: pace(500, 1),
      asked: 2,
    },
    {
      name: 'those that come at the rate of the last minute take their share',
      waiting: 2,
      inFlight: 1,
      measures: pace(SECOND, 9 * SECOND, 0.9),
      asked: 2,
    },
    {
      name: 'a busy caller with nobody behind it gets no second one',
      inFlight: 1,
      measures: pace(SECOND, 9 * SECOND, 1),
      asked: 1,
    },
    { name: 'unmeasured runs', waiting: 3, measures: { ...short, runs: null }, asked: 3, rule: 'unmeasured' },
    { name: 'unmeasured boots', waiting: 3, measures: { ...short, boots: null }, asked: 3, rule: 'unmeasured' },
  ])('$name', ({ waiting = 0, inFlight = 0, slots = 1, measures, asked, rule = 'measured' }) => {
    const asks = demand({ waiting, inFlight, oldestWaitingAt: waiting === 0 ? null : NOW });
    const sized = { policy: policy({ slotsPerInstance: slots, maxInstances: 100 }), measures };
    expect(sizeFor(asks, sized, [], NOW)).toMatchObject({ asked, needed: asked, rule });
  });

  it('adds one where the oldest waits twice as long as promised, and gives each the time to prove itself', () => {
    const sized = { policy: policy(), measures: short };
    const stuck = demand({ waiting: 1, inFlight: 1, oldestWaitingAt: NOW });
    const one = [instance({ since: 0 })];
    expect(sizeFor(stuck, sized, one, NOW)).toMatchObject({ needed: 1, growsAt: NOW + 18 * SECOND });
    expect(sizeFor(stuck, sized, one, NOW + 18 * SECOND)).toMatchObject({ needed: 2, rule: 'overdue' });
    expect(sizeFor(stuck, sized, [], NOW + 18 * SECOND).rule).toBe('measured');
    const late = [instance({ since: NOW + 10 * SECOND })];
    expect(sizeFor(stuck, sized, late, NOW + 18 * SECOND).growsAt).toBe(NOW + 28 * SECOND);
  });
});

describe('holdBack', () => {
  const since = 0;
  /** So many were needed from one time ago until another. */
  const burst = (needed: number, fromMs: number, untilMs: number) => ({
    since,
    steps: [
      { at: NOW - fromMs, needed },
      { at: NOW - untilMs, needed: 0 },
    ],
  });
  const born = (count: number) => Array.from({ length: count }, (_, n) => instance({ id: `i${n}`, since: 1 }));
  it.each([
    { name: 'no history is kept', history: null, want: 0, until: null },
    { name: 'nothing was needed', history: { since, steps: [] }, want: 0, until: null },
    {
      name: 'one all the time: keep-alive alone decides',
      history: { since, steps: [{ at: 1, needed: 1 }] },
      want: 0,
      until: null,
    },
    { name: 'two all the time', history: { since, steps: [{ at: 1, needed: 2 }] }, want: 2, until: null },
    {
      name: 'four for half of the window: two on average, until it is less',
      history: burst(4, MINUTE, MINUTE / 2),
      want: 2,
      until: NOW + MINUTE / 4,
    },
    {
      name: 'the last one goes once one is needed on average',
      history: burst(4, MINUTE, MINUTE / 2),
      ready: 1,
      want: 2,
      until: NOW + MINUTE / 4,
    },
    {
      name: 'three on average, while there are two: the first that goes is what counts',
      history: burst(6, MINUTE, MINUTE / 2),
      ready: 2,
      want: 3,
      until: NOW + MINUTE / 3,
    },
    {
      name: 'a short burst weighs what it lasted',
      history: burst(20, 2 * SECOND, SECOND),
      want: 0,
      until: null,
    },
  ])('$name', ({ history, ready = 4, want, until }) => {
    expect(holdBack(born(ready), history, NOW)).toMatchObject({ instances: want, until });
  });

  it('holds everything that is older than the history until that spans the window', () => {
    const history = { since: NOW - SECOND, steps: [] };
    const older = instance({ since: NOW - 2 * SECOND });
    const younger = instance({ since: NOW });
    expect(holdBack([older, younger], history, NOW)).toEqual({
      instances: 2,
      until: NOW + 59 * SECOND,
      reason: 'no-history',
    });
    expect(holdBack([younger], history, NOW).instances).toBe(0);
    expect(holdBack([older], history, NOW + 59 * SECOND).instances).toBe(0);
  });
});

describe('the history of needs', () => {
  it('has a step for each change, forgets what is older than the window, and stays bounded', () => {
    let history = withNeed({ since: 0, steps: [] }, 2, 0);
    expect(withNeed(history, 2, 5)).toBe(history);
    history = withNeed(history, 1, 10 * MINUTE);
    expect(history.steps).toEqual([
      { at: 0, needed: 2 },
      { at: 10 * MINUTE, needed: 1 },
    ]);
    expect(withNeed(history, 3, 12 * MINUTE).steps.map((s) => s.needed)).toEqual([1, 3]);
    for (let n = 0; n < 1_000; n++) history = withNeed(history, n % 7, 12 * MINUTE + n);
    expect(history.steps.length).toBeLessThanOrEqual(64);
  });

  it('is forgotten a window after the last need', () => {
    const needs = new NeedHistories(0);
    needs.record(new Map([['d1', 2]]), SECOND);
    needs.record(new Map(), 2 * SECOND);
    expect(needs.of('d1').steps).toHaveLength(2);
    needs.record(new Map(), 2 * SECOND + MINUTE);
    expect(needs.of('d1').steps).toEqual([]);
  });
});

describe('measures', () => {
  it('are by nearest rank, and null of nothing', () => {
    expect(spreadOf([])).toBeNull();
    expect(spreadOf([10, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual({ count: 10, meanMs: 5.5, p50Ms: 5, p90Ms: 9 });
  });

  it('need three runs and one boot that came up', () => {
    const runs = [1, 2, 3].map((n) => ({ runMs: n * 100, at: NOW - n * SECOND }));
    expect(measuresOf(runs.slice(1), [{ place: 5 }], NOW)).toEqual({ ...UNMEASURED, runsPerSecond: 2 / 60 });
    expect(measuresOf(runs, [{ place: 5, ready: 105 }], NOW)).toEqual({
      runs: { count: 3, meanMs: 200, p50Ms: 200, p90Ms: 300 },
      boots: { count: 1, meanMs: 100, p50Ms: 100, p90Ms: 100 },
      runsPerSecond: 3 / 60,
    });
  });

  it('take the rate over the time that the remembered runs reach back', () => {
    const runs = Array.from({ length: 50 }, (_, n) => ({ runMs: 1, at: NOW - 10 * SECOND + n }));
    expect(measuresOf(runs, [], NOW).runsPerSecond).toBe(5);
  });
});
