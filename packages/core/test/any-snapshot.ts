import * as fc from 'fast-check';
import {
  type Deployment,
  freeGiven,
  type Host,
  holdsResources,
  type Instance,
  type KeepAlive,
  NO_USE,
  type Snapshot,
  type UseHistory,
} from '../src/index.ts';
import { deployment, device, failure, host, instance } from './build.ts';

const DEPLOYMENTS = ['d1', 'd2', 'd3'];

const hosts: fc.Arbitrary<Host[]> = fc
  .array(
    fc.record({
      memoryMiB: fc.constantFrom(8_000, 16_000, 24_000),
      gpus: fc.array(fc.constantFrom(16_000, 24_000), { maxLength: 3 }),
      cordoned: fc.boolean(),
      runtimes: fc.constantFrom<Host['runtimes']>(['docker'], ['process'], ['docker', 'process']),
    }),
    { minLength: 1, maxLength: 3 },
  )
  .map((rows) =>
    rows.map(({ gpus, ...row }, n) =>
      host({ ...row, id: `h${n}`, devices: gpus.map((vramMiB, g) => device(`g${g}`, vramMiB)) }),
    ),
  );

export const demands = fc
  .record({ waiting: fc.nat(6), inFlight: fc.nat(3), at: fc.nat(1_000) })
  .map(({ waiting, inFlight, at }) => ({ waiting, inFlight, oldestWaitingAt: waiting === 0 ? null : at }));

const anyNeed = {
  cpus: fc.constant(0),
  gpuShareMiB: fc.constant(0),
  gpuType: fc.constant(null),
  labels: fc.constant({}),
  image: fc.constant(null),
};

const keepAlives: fc.Arbitrary<KeepAlive> = fc.oneof(
  { weight: 3, arbitrary: fc.nat(1_000).map((ms) => ({ kind: 'fixed' as const, ms })) },
  fc.constantFrom<KeepAlive>({ kind: 'until-needed' }, { kind: 'auto' }),
);

/** Idle since some time ago, used by a timer or not; or in use. */
const uses = fc.option(
  fc
    .record({
      idleSince: fc.option(fc.nat(2_000), { nil: null, freq: 6 }),
      fromMs: fc.constantFrom(0, 0, 400, 900),
      keptMs: fc.integer({ min: 1, max: 1_000 }),
      bootMs: fc.integer({ min: 1, max: 200 }),
      count: fc.nat(50),
    })
    .map(({ idleSince, fromMs, keptMs, bootMs, count }): UseHistory => {
      const window = idleSince === null ? null : { fromMs, untilMs: fromMs + keptMs };
      return { ...NO_USE, burstSince: 0, idleSince, window, bootMs, uses: { count, at: 0 } };
    }),
  { nil: null, freq: 4 },
);

const deployments: fc.Arbitrary<Deployment[]> = fc.tuple(
  ...DEPLOYMENTS.map((id) =>
    fc
      .record({
        need: fc.record({
          ...anyNeed,
          runtime: fc.constantFrom('docker' as const, 'process' as const),
          memoryMiB: fc.constantFrom(2_000, 4_000, 8_000, 12_000),
          gpus: fc.nat(2),
          vramMiB: fc.constantFrom(16_000, 24_000),
        }),
        policy: fc.record({
          minInstances: fc.nat(2),
          maxInstances: fc.integer({ min: 0, max: 4 }),
          slotsPerInstance: fc.integer({ min: 1, max: 3 }),
          keepAlive: keepAlives,
        }),
        demand: demands,
        use: uses,
        backoff: fc.option(
          fc.nat(4_000).map((retryAt) => ({ retryAt, failure: failure() })),
          { nil: null, freq: 3 },
        ),
      })
      .map((row) => deployment({ id, ...row })),
  ),
);

/** A fleet in any state, on hosts that it fits: what does not fit is left out. */
export const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    hosts,
    deployments,
    rows: fc.array(
      fc.record({
        deploymentId: fc.constantFrom(...DEPLOYMENTS, 'gone'),
        versionId: fc.constantFrom('v1', 'v1', 'v0'),
        state: fc.constantFrom<Instance['state']>(
          'booting',
          'ready',
          'ready',
          'draining',
          'stopping',
          'stopped',
          'failed',
        ),
        since: fc.nat(2_000),
        lastUsedAt: fc.option(fc.nat(2_000), { nil: null }),
        inFlight: fc.nat(2),
        intakeClosed: fc.boolean(),
        unhealthy: fc.constantFrom(null, null, null, null, null, 'DEFUNCT'),
        hostIndex: fc.nat(2),
        memoryMiB: fc.constantFrom(2_000, 4_000, 8_000),
        gpus: fc.nat(1),
      }),
      { maxLength: 10 },
    ),
  })
  .map(({ hosts, deployments, rows }) => {
    const instances: Instance[] = [];
    for (const [n, { hostIndex, gpus, ...row }] of rows.entries()) {
      const on = hosts[hostIndex % hosts.length];
      if (on === undefined) continue;
      const free = freeGiven(instances.filter(holdsResources))(on);
      if (holdsResources(row) && (free.memoryMiB < row.memoryMiB || free.devices.length < gpus)) continue;
      const deviceIds = free.devices.slice(0, gpus).map((d) => d.id);
      const inFlight = row.state === 'booting' ? 0 : row.inFlight;
      instances.push(instance({ ...row, id: `i${n}`, hostId: on.id, deviceIds, inFlight }));
    }
    return { hosts, deployments, instances };
  });
