import { planCycle, UNMEASURED } from '@hearth/core';
import { describe, expect, it } from 'vitest';
import {
  type Arrival,
  memoryNeed,
  type Planner,
  plainHost,
  poissonTrace,
  type SimDeployment,
  type SimulationResult,
  simulate,
} from '../src/index.ts';

// Sizing by measured times, beside a slot for each prediction at once: the same planner without its measures.

const MODEL_MIB = 1_000;
const naive = (): Planner => (s, now) =>
  planCycle({ ...s, deployments: s.deployments.map((d) => ({ ...d, measures: UNMEASURED, history: null })) }, now);

const host = (models: number) => plainHost('h1', { runtimes: ['process'], memoryMiB: models * MODEL_MIB });

const model = (id: string, bootMs: number): SimDeployment => ({
  id,
  need: memoryNeed(MODEL_MIB, { runtime: 'process' }),
  policy: { minInstances: 0, maxInstances: 10, slotsPerInstance: 1, keepAlive: { kind: 'fixed', ms: 300_000 } },
  bootMs,
});

/** A burst of a minute every ten minutes of six hours, on each model a minute later than on the one before. */
function bursts(ids: readonly string[], arrivalsPerSecond: number, medianRunMs: number): Arrival[] {
  const arrivals = ids.flatMap((id, n) =>
    Array.from({ length: 36 }, (_, burst) =>
      poissonTrace({
        seed: burst * 100 + n,
        deploymentIds: [id],
        arrivalsPerSecond,
        durationMs: 60_000,
        medianRunMs,
        runSigma: 0.5,
      }).map((arrival) => ({ ...arrival, at: arrival.at + (burst * 10 + n) * 60_000 })),
    ).flat(),
  );
  return arrivals.toSorted((a, b) => a.at - b.at);
}

interface Story {
  readonly name: string;
  readonly models: number;
  /** Models that the fleet holds at once. */
  readonly room: number;
  readonly bootMs: number;
  readonly runMs: number;
  readonly perSecond: number;
}

const ROOMY = 1_000;
const SHORT = { bootMs: 30_000, runMs: 300, perSecond: 1 };
const LONG = { bootMs: 10_000, runMs: 60_000, perSecond: 0.1 };
const STORIES: readonly Story[] = [
  { name: 'very short runs, room for all', models: 1, room: ROOMY, ...SHORT, runMs: 50 },
  { name: 'short runs, room for all', models: 1, room: ROOMY, ...SHORT },
  { name: 'short runs, room for 4 of 6', models: 6, room: 4, ...SHORT },
  { name: 'long runs, room for all', models: 1, room: ROOMY, ...LONG },
  { name: 'long runs, room for 4 of 6', models: 6, room: 4, ...LONG, perSecond: 0.02 },
];

function play({ models, room, bootMs, runMs, perSecond }: Story, planner?: () => Planner): SimulationResult {
  const ids = Array.from({ length: models }, (_, n) => `m${n}`);
  return simulate({
    hosts: [host(room)],
    deployments: ids.map((id) => model(id, bootMs)),
    arrivals: bursts(ids, perSecond, runMs),
    ...(planner && { planner }),
  });
}

const instanceSeconds = ({ spent: { instanceMs } }: SimulationResult): number =>
  Math.round((instanceMs.idle + instanceMs.busy + instanceMs.booting) / 1_000);
const rowOf = (result: SimulationResult) => ({
  boots: result.boots,
  'instance-s': instanceSeconds(result),
  'p50 s': result.waits.p50 / 1_000,
  'p95 s': result.waits.p95 / 1_000,
  'max s': result.waits.max / 1_000,
});

describe('bursts, by measured times and by a slot for each', { timeout: 120_000 }, () => {
  const played = STORIES.map((story) => ({ story, measured: play(story), each: play(story, naive) }));
  console.table(
    Object.fromEntries(
      played.flatMap(({ story: { name }, measured, each }) => [
        [`${name}: a slot each`, rowOf(each)],
        [`${name}: measured`, rowOf(measured)],
      ]),
    ),
  );

  it.each(played)(
    '$story.name: no more instance-seconds, waits as before, and nobody is left',
    ({ measured, each }) => {
      expect(instanceSeconds(measured)).toBeLessThanOrEqual(instanceSeconds(each));
      // One instance is through with a short queue a moment later than many that came up with it.
      expect(measured.waits.p95).toBeLessThanOrEqual(each.waits.p95 * 1.02);
      expect([measured.unfinished, measured.finished]).toEqual([0, each.finished]);
    },
  );

  it('short runs cost less than a quarter', () => {
    for (const { story, measured, each } of played) {
      if (story.runMs < 1_000 && story.room === ROOMY)
        expect(instanceSeconds(measured), story.name).toBeLessThan(instanceSeconds(each) / 4);
    }
  });
});
