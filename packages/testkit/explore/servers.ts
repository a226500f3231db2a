import { startDispatcher } from '@hearth/dispatcher/src/dispatcher.ts';
import type { Network } from '@hearth/dispatcher/src/network.ts';
import { createRunMetrics } from '@hearth/dispatcher/src/runs/run-metrics.ts';
import { type Blobs, createSigner } from '@hearth/files';
import { createMetrics, type Logger } from '@hearth/kit';
import type { SchedulerMetrics } from '@hearth/scheduler/src/metrics.ts';
import { Runtimes } from '@hearth/scheduler/src/runtimes.ts';
import { startScheduler } from '@hearth/scheduler/src/scheduler.ts';
import type { Store } from '@hearth/store';
import type { MemoryBroker } from '../src/memory-transport/memory-broker.ts';
import type { Incarnation } from './incarnation.ts';
import type { WatchedRuntime } from './network.ts';
import { guardedRuntime, guardedStore, guardedTransport } from './ports.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A server at work. */
export interface Serving {
  close(): Promise<void>;
}

export interface ServerPorts {
  readonly store: Store;
  readonly broker: MemoryBroker;
  readonly time: VirtualTime;
  readonly log: Logger;
}

export const TIMINGS = {
  predictionTimeoutMs: 60_000,
  trainingTimeoutMs: 60_000,
  cancelGraceMs: 5_000,
  retentionMs: null,
};
const SETUP_TIMEOUT_MS = 60_000;
const ignore = (): void => {};

/** Of the process, however many worlds it plays. Nobody reads them. */
const EXPOSITION = createMetrics('explore');
const RUN_METRICS = createRunMetrics(EXPOSITION);
const SCHEDULER_METRICS: SchedulerMetrics = {
  booted: ignore,
  bootFailed: ignore,
  ended: ignore,
  cycle: ignore,
  exposition: EXPOSITION,
};

/** No output here is a file. */
const NO_BLOBS: Blobs = {
  put: () => Promise.reject(new Error('no files are made here')),
  get: () => Promise.reject(new Error('no files are made here')),
  remove: async () => {},
  async *list() {},
  removeDrafts: async () => 0,
};

/** The dispatcher as it is, on the ports of this incarnation. */
export function serveDispatcher(who: Incarnation, ports: ServerPorts, network: Network): Promise<Serving> {
  const { queues, bus } = guardedTransport(ports.broker.open(), who);
  return startDispatcher({
    store: guardedStore(ports.store, who),
    queues,
    bus,
    blobs: NO_BLOBS,
    signer: createSigner('a secret of the simulation, long enough'),
    log: ports.log,
    metrics: RUN_METRICS,
    exposition: EXPOSITION,
    now: ports.time.now,
    publicUrl: 'http://hearth.test',
    callbackHosts: ['127.0.0.1'],
    callbackPort: 0,
    timings: TIMINGS,
    isLeading: () => who.isLeading,
    network,
  });
}

/** The scheduler as it is, on the ports of this incarnation. `hosts`: this machine first. */
export function serveScheduler(
  who: Incarnation,
  ports: ServerPorts,
  [own, ...far]: readonly [WatchedRuntime, ...WatchedRuntime[]],
): Promise<Serving> {
  const { store, broker, time, log } = ports;
  const local = [guardedRuntime(own, who)];
  const open = async () => [];
  return startScheduler({
    store: guardedStore(store, who),
    bus: guardedTransport(broker.open(), who).bus,
    clock: { now: time.now, after: (ms, callback) => time.after(ms, callback, who) },
    log,
    runtimes: new Runtimes(local),
    local: { runtimes: local, devices: open, check: open },
    openHost({ id }) {
      const runtime = far.find(({ hostId }) => hostId === id);
      if (runtime === undefined) throw new Error(`there is no host ${id}`);
      return { runtimes: [guardedRuntime(runtime, who)], devices: async () => null, check: open };
    },
    metrics: SCHEDULER_METRICS,
    readHealth: (address) =>
      who.call('readHealth', async () => {
        const said = await Promise.all([own, ...far].map((runtime) => runtime.readHealth(address)));
        return said.find((health) => health !== null) ?? null;
      }),
    readSchema: async () => null,
    callbackPort: 7601,
    setupTimeoutMs: SETUP_TIMEOUT_MS,
    images: { imageCopies: 0, diskFloorBytes: 0 },
    isLeading: () => who.isLeading,
  });
}
