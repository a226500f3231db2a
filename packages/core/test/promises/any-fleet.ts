import * as fc from 'fast-check';
import {
  type Demand,
  type Deployment,
  type Host,
  type Instance,
  isComing,
  type KeepAlive,
  type Measures,
  type Need,
  type NeedHistory,
  NO_USE,
  type Snapshot,
  UNMEASURED,
  type UseHistory,
} from '../../src/index.ts';
import { deployment, device, failure, host, instance, need } from '../build.ts';
import { hasRoom } from './room.ts';

// Random fleets in any state: many hosts, whole GPUs and shares of them, releases, policies, measures and histories.

export const IDS = ['d1', 'd2', 'd3', 'd4'];
export const NOW = 100_000;

const optional = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { nil: null, freq: 2 });
/** Null nine times in ten. */
const seldom = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: of });

export const anyHosts: fc.Arbitrary<Host[]> = fc
  .array(
    fc.record({
      memoryMiB: fc.constantFrom(8_000, 16_000, 64_000),
      cpus: seldom(fc.constantFrom(4, 16)),
      gpus: fc.array(fc.constantFrom(16_000, 24_000, 80_000), { maxLength: 4 }),
      cordoned: fc.constantFrom(false, false, false, true),
      lost: fc.constantFrom(false, false, false, true),
      runtimes: fc.constantFrom<Host['runtimes']>(['docker'], ['docker', 'process']),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((rows) =>
    rows.map(({ gpus, ...row }, n) =>
      host({ ...row, id: `h${n}`, devices: gpus.map((vramMiB, g) => device(`g${g}`, vramMiB)) }),
    ),
  );

/** CPU only, whole GPUs, or a share of one. */
export const anyNeed: fc.Arbitrary<Need> = fc
  .record({
    runtime: fc.constantFrom('docker' as const, 'docker' as const, 'process' as const),
    memoryMiB: fc.constantFrom(2_000, 2_000, 4_000, 8_000),
    cpus: fc.constantFrom(0, 1, 4),
    gpu: fc.constantFrom(
      { gpus: 0, gpuShareMiB: 0, vramMiB: 0 },
      { gpus: 1, gpuShareMiB: 0, vramMiB: 16_000 },
      { gpus: 2, gpuShareMiB: 0, vramMiB: 24_000 },
      { gpus: 0, gpuShareMiB: 6_000, vramMiB: 6_000 },
      { gpus: 0, gpuShareMiB: 12_000, vramMiB: 12_000 },
    ),
  })
  .map(({ gpu, ...rest }) => need({ ...rest, ...gpu }));

const anyDemand: fc.Arbitrary<Demand> = fc
  .record({ waiting: fc.oneof(fc.constant(0), fc.nat(8)), inFlight: fc.constant(0), agoMs: fc.nat(50_000) })
  .map(({ waiting, inFlight, agoMs }) => ({ waiting, inFlight, oldestWaitingAt: waiting === 0 ? null : NOW - agoMs }));

const anySpread = fc.integer({ min: 1, max: 60_000 }).map((ms) => ({ count: 9, meanMs: ms, p50Ms: ms, p90Ms: ms }));
const anyMeasures: fc.Arbitrary<Measures> = fc.oneof(
  fc.constant(UNMEASURED),
  fc.record({ runs: optional(anySpread), boots: optional(anySpread), runsPerSecond: fc.constantFrom(0, 0.1, 2) }),
);

const anyHistory: fc.Arbitrary<NeedHistory> = fc
  .record({
    agoMs: fc.nat(90_000),
    steps: fc.uniqueArray(fc.record({ agoMs: fc.nat(89_000), needed: fc.nat(4) }), {
      maxLength: 6,
      selector: (step) => step.agoMs,
    }),
  })
  .map(({ agoMs, steps }) => ({
    since: NOW - agoMs,
    steps: steps
      .filter((step) => step.agoMs <= agoMs)
      .toSorted((a, b) => b.agoMs - a.agoMs)
      .map((step) => ({ at: NOW - step.agoMs, needed: step.needed })),
  }));

const anyKeepAlive: fc.Arbitrary<KeepAlive> = fc.oneof(
  { weight: 3, arbitrary: fc.nat(60_000).map((ms) => ({ kind: 'fixed' as const, ms })) },
  fc.constantFrom<KeepAlive>({ kind: 'until-needed' }, { kind: 'auto' }),
);

const anyUse: fc.Arbitrary<UseHistory> = fc
  .record({
    agoMs: optional(fc.nat(40_000)),
    fromMs: fc.constantFrom(0, 0, 20_000, 60_000),
    keptMs: fc.integer({ min: 1, max: 15_000 }),
    bootMs: fc.integer({ min: 1, max: 5_000 }),
    count: fc.nat(50),
  })
  .map(({ agoMs, fromMs, keptMs, bootMs, count }) => ({
    ...NO_USE,
    burstSince: 0,
    idleSince: agoMs === null ? null : NOW - agoMs,
    window: agoMs === null ? null : { fromMs, untilMs: fromMs + keptMs },
    bootMs,
    uses: { count, at: 0 },
  }));

export const anyDeployments: fc.Arbitrary<Deployment[]> = fc.tuple(
  ...IDS.map((id) =>
    fc
      .record({
        need: anyNeed,
        policy: fc.record({
          minInstances: fc.nat(2),
          maxInstances: fc.integer({ min: 0, max: 5 }),
          slotsPerInstance: fc.integer({ min: 1, max: 3 }),
          keepAlive: anyKeepAlive,
        }),
        demand: anyDemand,
        measures: anyMeasures,
        history: optional(anyHistory),
        use: optional(anyUse),
        backoff: seldom(fc.nat(4_000).map((ms) => ({ retryAt: NOW - 1_000 + ms, failure: failure() }))),
      })
      .map((row) => deployment({ id, ...row })),
  ),
);

const anyRows = fc.array(
  fc.record({
    // Many of one, so that some of its instances are surplus and others busy.
    deploymentId: fc.constantFrom('d1', 'd1', 'd1', 'd1', ...IDS, 'gone'),
    versionId: fc.constantFrom('v1', 'v1', 'v1', 'v0'),
    state: fc.constantFrom<Instance['state']>('booting', 'ready', 'ready', 'ready', 'draining', 'stopping', 'stopped'),
    agoMs: fc.nat(90_000),
    usedAgoMs: optional(fc.nat(90_000)),
    inFlight: fc.nat(2),
    intakeClosed: fc.boolean(),
    unhealthy: seldom(fc.constant('DEFUNCT')),
    hostIndex: fc.nat(5),
    need: anyNeed,
  }),
  { maxLength: 20 },
);

/** What its instances hold is in flight: both are counted from the same rows. */
const holding = (d: Deployment, instances: readonly Instance[]): Deployment => {
  const inFlight = instances.filter((i) => i.deploymentId === d.id).reduce((sum, i) => sum + i.inFlight, 0);
  return { ...d, demand: { ...d.demand, inFlight } };
};

/** In any state, on hosts that they fit: what does not fit is left out. */
export const anySnapshot: fc.Arbitrary<Snapshot> = fc
  .record({ hosts: anyHosts, deployments: anyDeployments, rows: anyRows })
  .map(({ hosts, deployments, rows }) => {
    const instances: Instance[] = [];
    for (const [n, { hostIndex, need: wanted, agoMs, usedAgoMs, ...row }] of rows.entries()) {
      const on = hosts[hostIndex % hosts.length];
      if (on === undefined) continue;
      const deviceIds = wanted.gpus + wanted.gpuShareMiB === 0 ? [] : on.devices.map((d) => d.id);
      const taken = wanted.gpuShareMiB > 0 ? deviceIds.slice(0, 1) : deviceIds.slice(0, wanted.gpus);
      const { memoryMiB, cpus, gpuShareMiB, runtime } = wanted;
      const one = instance({
        ...row,
        id: `i${n}`,
        hostId: on.id,
        deviceIds: taken,
        memoryMiB,
        cpus,
        gpuShareMiB,
        runtime,
        since: NOW - agoMs,
        lastUsedAt: usedAgoMs === null ? null : NOW - usedAgoMs,
        // What boots holds nothing, and a dispatcher closes an intake that is leaving alone.
        inFlight: row.state === 'booting' ? 0 : row.inFlight,
        intakeClosed: row.intakeClosed && !isComing(row),
      });
      if (hasRoom(on, [...instances, one])) instances.push(one);
    }
    return { hosts, deployments: deployments.map((d) => holding(d, instances)), instances };
  });
