import type { ScalePolicy } from '@hearth/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Arrival, memoryNeed, plainHost, poissonTrace, type SimDeployment, simulate } from '../src/index.ts';

const BOOT_MS = 10_000;
const KEEP_ALIVE_MS = 60_000;

const host = (memoryMiB: number) => plainHost('h1', { runtimes: ['process'], memoryMiB });
const model = (over: Partial<ScalePolicy> = {}, id = 'm'): SimDeployment => ({
  id,
  need: memoryNeed(1_000, { runtime: 'process' }),
  policy: {
    minInstances: 0,
    maxInstances: 3,
    slotsPerInstance: 1,
    keepAlive: { kind: 'fixed', ms: KEEP_ALIVE_MS },
    ...over,
  },
  bootMs: BOOT_MS,
});
/** Runs of a second. */
const at = (...instants: number[]): Arrival[] => instants.map((at) => ({ at, deploymentId: 'm', runMs: 1_000 }));
const roomy = [host(100_000)];

describe('stories', () => {
  it('cold → warm → cold: waits for one boot, runs, idles for the keep-alive, and is gone', () => {
    expect(simulate({ hosts: roomy, deployments: [model()], arrivals: at(0) })).toMatchObject({
      finished: 1,
      unfinished: 0,
      coldStarts: 1,
      boots: 1,
      waits: { p50: BOOT_MS, p95: BOOT_MS, max: BOOT_MS },
      spent: { instanceMs: { idle: KEEP_ALIVE_MS, busy: 1_000, booting: BOOT_MS } },
      peakInstances: 1,
      leftInstances: 0,
      endedAt: BOOT_MS + 1_000 + KEEP_ALIVE_MS,
    });
  });

  // The first call is done at 11 s, so the instance stays until 71 s.
  it.each([
    {
      name: 'a second call while warm boots nothing and waits for nothing',
      second: 70_999,
      boots: 1,
      coldStarts: 1,
      p50: 0,
    },
    { name: 'at the very end of keep-alive it is still warm', second: 71_000, boots: 1, coldStarts: 1, p50: 0 },
    { name: 'a moment later it is cold again', second: 71_001, boots: 2, coldStarts: 2, p50: BOOT_MS },
    {
      name: 'a second call while the first boots brings up a second one',
      second: 5_000,
      boots: 2,
      coldStarts: 2,
      p50: 6_000,
    },
  ])('$name', ({ second, boots, coldStarts, p50 }) => {
    const result = simulate({ hosts: roomy, deployments: [model()], arrivals: at(0, second) });
    expect(result).toMatchObject({ boots, coldStarts, waits: { p50 }, leftInstances: 0 });
  });

  it('ten at once with a maximum of three: three boot, and the fleet goes back to zero', () => {
    const result = simulate({
      hosts: roomy,
      deployments: [model()],
      arrivals: at(...Array.from({ length: 10 }, () => 0)),
    });
    // Three at a time of a second each after the boot: the last one starts in the fourth second.
    expect(result).toMatchObject({
      boots: 3,
      peakInstances: 3,
      spent: { instanceMs: { busy: 10_000 } },
      leftInstances: 0,
    });
    expect(result.waits).toEqual({ p50: BOOT_MS + 1_000, p95: BOOT_MS + 3_000, max: BOOT_MS + 3_000 });
  });

  it('an instance with two slots takes two at once', () => {
    const result = simulate({ hosts: roomy, deployments: [model({ slotsPerInstance: 2 })], arrivals: at(0, 0) });
    expect(result).toMatchObject({ boots: 1, spent: { instanceMs: { busy: 1_000 } }, waits: { max: BOOT_MS } });
  });

  it('a minimum stays: the first call is warm, and one instance is left', () => {
    const result = simulate({ hosts: roomy, deployments: [model({ minInstances: 1 })], arrivals: at(BOOT_MS + 1) });
    expect(result).toMatchObject({ boots: 1, coldStarts: 0, waits: { max: 0 }, leftInstances: 1 });
  });

  it('no room: the idle neighbour is evicted long before its keep-alive ends', () => {
    const arrivals = [...at(0), { at: 20_000, deploymentId: 'other', runMs: 1_000 }];
    const result = simulate({ hosts: [host(1_000)], deployments: [model(), model({}, 'other')], arrivals });
    // Idle from 11 s to 20 s, and the other one for its whole keep-alive.
    expect(result).toMatchObject({
      boots: 2,
      peakInstances: 1,
      waits: { max: BOOT_MS },
      spent: { instanceMs: { idle: 9_000 + KEEP_ALIVE_MS } },
    });
  });

  it('no room and the neighbour is busy: waits for it', () => {
    const arrivals = [...at(0), { at: 10_500, deploymentId: 'other', runMs: 1_000 }];
    const result = simulate({ hosts: [host(1_000)], deployments: [model(), model({}, 'other')], arrivals });
    expect(result).toMatchObject({ finished: 2, peakInstances: 1, waits: { max: 500 + BOOT_MS } });
  });

  it('what fits nowhere never runs', () => {
    expect(simulate({ hosts: [host(999)], deployments: [model()], arrivals: at(0) })).toMatchObject({
      boots: 0,
      finished: 0,
      unfinished: 1,
    });
  });

  it('a trace that names an unknown deployment is refused', () => {
    expect(() => simulate({ hosts: roomy, deployments: [], arrivals: at(0) })).toThrow(
      "arrivals name the deployment 'm'",
    );
  });
});

describe('keep-alive', () => {
  const traces = fc.array(fc.record({ gapMs: fc.nat(30_000), runMs: fc.integer({ min: 1, max: 5_000 }) }), {
    minLength: 1,
    maxLength: 30,
  });
  const keepAlives = fc
    .tuple(fc.nat(30_000), fc.nat(30_000))
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  const play = (arrivals: Arrival[], keepAliveMs: number) =>
    simulate({
      hosts: roomy,
      deployments: [model({ keepAlive: { kind: 'fixed', ms: keepAliveMs }, maxInstances: 1 })],
      arrivals,
    });

  it('a longer one never has more cold starts, calls one after the other on one instance', () => {
    fc.assert(
      fc.property(traces, keepAlives, (calls, [short, long]) => {
        let clock = 0;
        // The next call comes after the one before is done, cold as it may have been.
        const arrivals = calls.map(({ gapMs, runMs }) => {
          const arrival = { at: clock, deploymentId: 'm', runMs };
          clock += BOOT_MS + runMs + gapMs;
          return arrival;
        });
        expect(play(arrivals, long).coldStarts).toBeLessThanOrEqual(play(arrivals, short).coldStarts);
      }),
      { numRuns: 200 },
    );
  });

  it('nor more boots, however the calls overlap', () => {
    fc.assert(
      fc.property(traces, keepAlives, (calls, [short, long]) => {
        let clock = 0;
        const arrivals = calls.map(({ gapMs, runMs }) => ({ at: (clock += gapMs), deploymentId: 'm', runMs }));
        expect(play(arrivals, long).boots).toBeLessThanOrEqual(play(arrivals, short).boots);
      }),
      { numRuns: 200 },
    );
  });
});

it('whatever the trace: every prediction finishes, billed time is run time, and the fleet ends empty', () => {
  const options = fc.record({
    seed: fc.integer(),
    memoryMiB: fc.integer({ min: 1_000, max: 6_000 }),
    slotsPerInstance: fc.integer({ min: 1, max: 3 }),
    keepAliveMs: fc.nat(60_000),
    arrivalsPerSecond: fc.constantFrom(0.05, 0.5, 2),
  });
  fc.assert(
    fc.property(options, ({ seed, memoryMiB, slotsPerInstance, keepAliveMs, arrivalsPerSecond }) => {
      const deploymentIds = ['a', 'b', 'c', 'd'];
      const arrivals = poissonTrace({ seed, deploymentIds, arrivalsPerSecond, durationMs: 120_000, medianRunMs: 800 });
      const deployments = deploymentIds.map((id) =>
        model({ slotsPerInstance, keepAlive: { kind: 'fixed', ms: keepAliveMs } }, id),
      );
      const result = simulate({ hosts: [host(memoryMiB)], deployments, arrivals });
      expect(result).toMatchObject({ finished: arrivals.length, unfinished: 0, leftInstances: 0 });
      expect(result.peakInstances).toBeLessThanOrEqual(Math.floor(memoryMiB / 1_000));
      const runMs = arrivals.reduce((sum, a) => sum + a.runMs, 0);
      if (slotsPerInstance === 1) expect(result.spent.instanceMs.busy).toBe(runMs);
      else expect(result.spent.instanceMs.busy).toBeLessThanOrEqual(runMs);
    }),
    { numRuns: 100 },
  );
});

describe('poissonTrace', () => {
  const options = {
    seed: 7,
    deploymentIds: ['a', 'b', 'c'],
    arrivalsPerSecond: 5,
    durationMs: 2_000_000,
    medianRunMs: 1_000,
  };
  const trace = poissonTrace(options);

  it('is the same for the same seed, and another for another', () => {
    expect(poissonTrace(options)).toEqual(trace);
    expect(poissonTrace({ ...options, seed: 8 })).not.toEqual(trace);
  });
  it('comes in order, inside its duration, at about its rate', () => {
    expect(trace.every((a, n) => a.at <= 2_000_000 && a.at >= (trace[n - 1]?.at ?? 0))).toBe(true);
    expect(trace.length).toBeGreaterThan(9_700);
    expect(trace.length).toBeLessThan(10_300);
  });
  it('has the median it was asked for, and popularity that falls with rank', () => {
    const runs = trace.map((a) => a.runMs).toSorted((a, b) => a - b);
    expect(runs[Math.floor(runs.length / 2)]).toBeGreaterThan(950);
    expect(runs[Math.floor(runs.length / 2)]).toBeLessThan(1_050);
    // 1, 2^−1.2 and 3^−1.2, of their sum.
    for (const [id, share] of [
      ['a', 0.587],
      ['b', 0.256],
      ['c', 0.157],
    ] as const) {
      const seen = trace.filter((a) => a.deploymentId === id).length / trace.length;
      expect(Math.abs(seen - share), `share of ${id}, ${seen}`).toBeLessThan(0.015);
    }
  });
  it.each([
    [{ deploymentIds: [] }, 'deploymentIds is empty'],
    [{ arrivalsPerSecond: 0 }, 'arrivalsPerSecond is 0; it must be a number above 0'],
    [{ arrivalsPerSecond: Number.NaN }, 'arrivalsPerSecond is NaN'],
  ])('refuses %o', (over, message) => {
    expect(() => poissonTrace({ ...options, ...over })).toThrow(message);
  });
});
