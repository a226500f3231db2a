import { resolve } from 'node:path';
import { inheritedSocket, type Logger, newId, type RunningServer, systemNow } from '@hearth/kit';
import { createTransport } from '@hearth/queue';
import { createStore, migrate, type Store } from '@hearth/store';
import { systemClock } from './clock.ts';
import type { SchedulerConfig } from './config.ts';
import type { FencingOptions } from './fence/engine-fence.ts';
import { platformAddresses } from './fence/platform-addresses.ts';
import { LOCAL_SOCKET, linkLocal } from './hosts/engine-link.ts';
import { openLocal, opensRemote } from './hosts/open-host.ts';
import { startHttp } from './http.ts';
import { readSchema } from './imports.ts';
import { createSchedulerMetrics } from './metrics.ts';
import { readHealth } from './readiness.ts';
import { DockerRuntime, type DockerRuntimeOptions } from './runtime/docker.ts';
import { ProcessRuntime } from './runtime/process.ts';
import { LOCAL_HOST_ID, Runtimes } from './runtimes.ts';
import { type Scheduler, startScheduler } from './scheduler.ts';

/**
 * The scheduler's process: connected and answering at once, scheduling as soon as it leads. `lost` is called when it no
 * longer does: another may schedule by then, so this process must end.
 */
export async function openRoom(
  config: SchedulerConfig,
  log: Logger,
  lost: (reason: unknown) => void,
): Promise<RunningServer> {
  // Whichever server an upgrade starts first is the one that needs the newer schema.
  await migrate(config.databaseUrl);
  const store = await createStore({ url: config.databaseUrl });
  const address = config.redisUrl === undefined ? { postgresUrl: config.databaseUrl } : { redisUrl: config.redisUrl };
  const transport = await createTransport(address, { now: systemNow, log });
  const installation = await store.settings.ensure('installation', () => newId(systemNow()));
  const engines = { installation, spareNetworks: config.spareNetworks, fencing: fencingOf(config, store), log };
  const runtimes = createRuntimes(config, engines);
  const metrics = createSchedulerMetrics(store, runtimes);
  const standby = new AbortController();
  let scheduler: Scheduler | null = null;

  const lead = async (): Promise<{ resign(): Promise<void> }> => {
    const leadership = await store.lead('scheduler', standby.signal);
    log.info('leading');
    leadership.lost.addEventListener('abort', () => {
      if (!standby.signal.aborted) lost(leadership.lost.reason);
    });
    const { callbackPort, setupTimeoutMs, images } = config;
    const local = openLocal(runtimes.on(LOCAL_HOST_ID), log);
    const openHost = opensRemote({ ...engines, callbackPort, now: systemNow });
    const isLeading = () => leadership.isHeld();
    const world = { store, bus: transport.bus, runtimes, local, openHost, metrics, clock: systemClock, log, isLeading };
    scheduler = await startScheduler({ ...world, readHealth, readSchema, callbackPort, setupTimeoutMs, images });
    return leadership;
  };
  const leading = lead();
  leading.catch((error: unknown) => {
    if (!standby.signal.aborted) lost(error);
  });
  const leader = (): Scheduler | null => scheduler;
  const fd = inheritedSocket();
  const serve = () =>
    startHttp({ port: config.port, fd, leader, store, runtimes, exposition: metrics.exposition, log });
  // A socket that is handed from one scheduler to the next is answered by the one who leads.
  const serving = fd === null ? serve() : leading.then(serve);
  if (fd === null) await serving;
  else serving.catch(() => {});
  let handedOver = false;

  return {
    async handOver() {
      handedOver = true;
    },
    async close() {
      standby.abort(new Error('the scheduler is closing'));
      // A standby that never led has nothing to hand over.
      const leadership = await leading.catch(() => null);
      if (config.stopInstancesOnExit && !handedOver) await scheduler?.stopInstances('Hearth was shut down.');
      await scheduler?.close();
      await Promise.all(runtimes.all.map((runtime) => runtime.close()));
      await leadership?.resign();
      // Who never led never served.
      await (await serving.catch(() => null))?.close();
      await transport.close();
      await store.close();
    },
  };
}

/** `auto` is both: images need Docker, folders run as processes, and the host's row says what answers. */
function createRuntimes(config: SchedulerConfig, engines: Omit<DockerRuntimeOptions, 'link'>): Runtimes {
  const docker = new DockerRuntime({ ...engines, link: linkLocal(config.dockerHost ?? LOCAL_SOCKET) });
  const { installation } = engines;
  const processes = new ProcessRuntime({ folder: resolve(config.dataDir, 'instances'), installation });
  if (config.runtime === 'docker') return new Runtimes([docker]);
  if (config.runtime === 'process') return new Runtimes([processes]);
  return new Runtimes([docker, processes]);
}

const fencingOf = (config: SchedulerConfig, store: Store): FencingOptions => ({
  policy: config.fencePolicy,
  instanceDiskBytes: config.instanceDiskBytes,
  callbackPort: config.callbackPort,
  callbackHosts: config.callbackHosts,
  kept: () =>
    platformAddresses({
      urls: [config.databaseUrl, ...(config.redisUrl === undefined ? [] : [config.redisUrl])],
      hosts: () => store.hosts.list(),
    }),
});
