import { type Host, type KeepAlive, PlanMemory, planCycle, typicalShapes } from '@hearth/core';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  clusterNode,
  hostOf,
  type Incident,
  type Planner,
  seeded,
  sessionsTrace,
  simulate,
  syntheticBoots,
  syntheticDeployments,
} from '../src/index.ts';

// The plan that goes on from the cycle before is the plan from scratch, whatever a fleet lives through.

const MINUTE_MS = 60_000;
const COURSE_MS = 3 * MINUTE_MS;

/** Plans with a memory and without, and holds one against the other. */
const comparing = (seen: { cycles: number; decided: number; of: number }) => (): Planner => {
  const memory = new PlanMemory();
  return (snapshot, now) => {
    const plan = planCycle(snapshot, now, memory);
    expect(plan).toEqual(planCycle(snapshot, now));
    seen.cycles++;
    seen.decided += memory.share.decided;
    seen.of += memory.share.of;
    return plan;
  };
};

const anyKeepAlive = fc.constantFrom<KeepAlive>(
  { kind: 'fixed', ms: 20_000 },
  { kind: 'fixed', ms: MINUTE_MS },
  { kind: 'until-needed' },
  { kind: 'auto' },
);

const anyInstant = fc.integer({ min: 1, max: COURSE_MS });

/** Hosts that go and come back, and schedulers that start anew. */
const anyIncidents = (hosts: readonly Host[]): fc.Arbitrary<readonly Incident[]> =>
  fc
    .record({
      losses: fc.array(fc.record({ at: anyInstant, forMs: anyInstant, n: fc.nat(hosts.length - 1) }), { maxLength: 4 }),
      restarts: fc.array(fc.record({ at: anyInstant, downMs: fc.nat(10_000) }), { maxLength: 2 }),
    })
    .map(({ losses, restarts }) => [
      ...losses.flatMap(({ at, forMs, n }): Incident[] => {
        const hostIds = [hosts[n]?.id ?? ''];
        return [
          { kind: 'hosts-lost', at, hostIds },
          { kind: 'hosts-back', at: at + forMs, hostIds },
        ];
      }),
      ...restarts.map((restart): Incident => ({ kind: 'scheduler-restart', ...restart })),
    ]);

const anyCourse = fc
  .record({ hosts: fc.integer({ min: 2, max: 8 }), memoryMiB: fc.constantFrom(49_152, 98_304, null), seed: fc.nat() })
  .map(({ hosts, memoryMiB, seed }) =>
    Array.from({ length: hosts }, (_, n): Host => {
      const host = hostOf(`h${n}`, clusterNode(seeded(seed + n)));
      return memoryMiB === null ? host : { ...host, memoryMiB };
    }),
  )
  .chain((hosts) =>
    fc.record({
      hosts: fc.constant(hosts),
      incidents: anyIncidents(hosts),
      keepAlive: anyKeepAlive,
      arrivalsPerSecond: fc.constantFrom(0.3, 1, 3),
      spacingMs: fc.constantFrom(300, 1_000, 5_000),
      seed: fc.nat(),
    }),
  );

it('is the same, course after course', { timeout: 120_000 }, () => {
  const seen = { cycles: 0, decided: 0, of: 0 };
  fc.assert(
    fc.property(anyCourse, ({ hosts, incidents, keepAlive, arrivalsPerSecond, spacingMs, seed }) => {
      const deployments = syntheticDeployments(40, keepAlive, seeded(seed)).map((d, n) => ({
        ...d,
        policy: { ...d.policy, slotsPerInstance: 1 + (n % 2), maxInstances: 3 },
      }));
      const { violations } = simulate({
        hosts,
        deployments,
        shapes: typicalShapes(deployments.map(({ need }) => ({ need, count: 1 }))),
        arrivals: sessionsTrace({
          seed,
          deploymentIds: deployments.map(({ id }) => id),
          arrivalsPerSecond,
          durationMs: COURSE_MS,
          skew: 1.1,
          gapCv: 2.3,
          medianRunMs: 2_000,
          runSigma: 0.67,
          bursts: [{ fromMs: MINUTE_MS, toMs: 1.5 * MINUTE_MS, factor: 10 }],
        }),
        incidents,
        bootOf: syntheticBoots(0.1, seeded(seed)),
        planner: comparing(seen),
        spacingMs,
        until: COURSE_MS + 2 * MINUTE_MS,
      });
      expect(Object.values(violations).every((count) => count === 0)).toBe(true);
    }),
    { numRuns: 10 },
  );
  // It is incremental: most of what was decided stood from the cycle before.
  expect(seen.decided / seen.of).toBeLessThan(0.5);
});
