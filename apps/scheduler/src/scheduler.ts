import { type Explanation, explain } from '@hearth/core';
import { type Coalescer, createCoalescer, type Logger } from '@hearth/kit';
import type { Bus } from '@hearth/queue';
import type { InstanceRow, Store } from '@hearth/store';
import { dropOrphans, reconcile } from './adopt.ts';
import { Boots } from './boot.ts';
import type { Clock } from './clock.ts';
import { runCycle } from './cycle.ts';
import { Exits, settleExit } from './exits.ts';
import { Fleet } from './hosts/fleet.ts';
import type { OpenHost, OpenHosts } from './hosts/open-host.ts';
import { ImageCare, type ImageSettings, rememberBrought } from './image-care.ts';
import { hasImage } from './image-copy.ts';
import { Imports, type ReadSchema } from './imports.ts';
import { Loop } from './loop.ts';
import { openMemory } from './memory.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { Pulls } from './pulls.ts';
import type { ReadHealth } from './readiness.ts';
import type { Exit, Runtime } from './runtime/runtime.ts';
import type { Runtimes } from './runtimes.ts';
import { DeploymentStatuses } from './status.ts';
import { Stops } from './stops.ts';

export interface SchedulerDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly runtimes: Runtimes;
  /** This machine, with the runtimes that it starts with. */
  readonly local: OpenHost;
  readonly openHost: OpenHosts;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: SchedulerMetrics;
  readonly readHealth: ReadHealth;
  readonly readSchema: ReadSchema;
  readonly callbackPort: number;
  readonly setupTimeoutMs: number;
  readonly images: ImageSettings;
  readonly isLeading?: () => boolean;
}

export interface Scheduler {
  /** Resolves when no cycle runs. */
  idle(): Promise<void>;
  /** Ends every instance, ready ones as well: what they hold goes back to the queue. */
  stopInstances(reason: string): Promise<void>;
  /** Why a deployment is where it is; null where the last cycle had no reason to look at it: nothing asks for it, nothing runs. */
  explain(deploymentId: string): Explanation | null;
  /** Plans nothing further. Instances stay as they are, for the next scheduler to adopt. */
  close(): Promise<void>;
}

const LOOK_ANYWAY_MS = 2_000;
const CYCLE_SPACING_MS = 25;
const RECONCILE_MS = 10_000;
const LOOK_AT_HOSTS_MS = 30_000;
const LOOK_AT_IMAGES_MS = 15_000;
/** From SIGTERM to SIGKILL. It holds no prediction by then, so this is for its own tidying up. */
const STOP_GRACE_MS = 5_000;

/** The leading scheduler at work: adopts what it finds, then cycles until it is closed. */
export async function startScheduler(deps: SchedulerDeps): Promise<Scheduler> {
  const { store, bus, runtimes, clock, log, metrics } = deps;
  const exitDeps = { store, runtimes, bus, clock, log, ended: metrics.ended };
  const exits = settledExits(exitDeps);
  const statuses = new DeploymentStatuses(store);
  const brought = rememberBrought(deps, (runtime) => runtimes.hostOf(runtime));
  const holder = (image: string, lacking: Runtime): Promise<Runtime | null> => holderOf(image, lacking, fleet, deps);
  const pulls = new Pulls({ clock, brought, holder });
  const boots = new Boots({ ...deps, exits, statuses, pulls });
  const stops = new Stops({ store, runtimes, bus, clock, log, boots, graceMs: STOP_GRACE_MS });
  const isInspecting = (id: string): boolean => imports.has(id);
  const adoptDeps = { ...deps, ...exitDeps, boots, stops, isInspecting };
  const fleet = new Fleet({
    ...deps,
    listener: { exited: (exit: Exit) => exits.happened(exit) },
    reconcile: (member) => reconcile(member, adoptDeps),
    changed: () => bus.poke('scheduler'),
    left: () => adopt.trigger(),
  });
  const imports = new Imports({ ...deps, fleet, exits, pulls });
  const images = new ImageCare({ ...deps, ...deps.images, fleet, pulls });
  const adopt = patient('the reconciliation', log, async () => {
    await dropOrphans(fleet.ids, adoptDeps);
    for (const member of fleet.members) member.reconcile();
  });
  await fleet.open();
  images.look();

  const memory = await openMemory({ ...deps, changed: () => bus.poke('scheduler') });
  const cycleDeps = { ...deps, boots, stops, fleet, statuses, imports, memory };
  const cycle = (): ReturnType<typeof runCycle> => runCycle(cycleDeps);
  const loop = new Loop({ clock, cycle, lookAnywayMs: LOOK_ANYWAY_MS, spacingMs: CYCLE_SPACING_MS });
  const unsubscribes = [
    bus.onPoke('scheduler', () => loop.poke()),
    every(clock, RECONCILE_MS, () => adopt.trigger()),
    every(clock, LOOK_AT_IMAGES_MS, () => images.look()),
    every(clock, LOOK_AT_HOSTS_MS, () => fleet.members.forEach((member) => member.look())),
  ];

  const rest = async (): Promise<void> => {
    for (const unsubscribe of unsubscribes.splice(0)) unsubscribe();
    await Promise.all([loop.close(), adopt.close(), imports.close(), images.close()]);
    await Promise.all([memory.uses.flush(clock.now()), memory.gpus.idle()]);
  };
  return {
    idle: () => loop.idle(),
    explain: (id) => (memory.snapshot === null ? null : explain(memory.snapshot, clock.now(), id)),
    async stopInstances(reason) {
      await rest();
      const rows = await store.instances.live();
      await Promise.all(rows.map((row) => leave(row, reason, { store, clock, stops })));
    },
    async close() {
      await rest();
      await boots.close();
      await stops.idle();
      await fleet.close();
    },
  };
}

/** Every exit comes onto its row; one that cannot be written is found again by the reconciliation. */
const settledExits = (deps: Parameters<typeof settleExit>[1]): Exits =>
  new Exits((exit) => {
    settleExit(exit, deps).catch((error: unknown) => {
      const { instanceId } = exit;
      deps.log.warn({ err: error, instanceId }, 'its end is not on its row; the reconciliation looks again');
    });
  });

/** Work that is repeated anyway: one failure costs a line in the log. */
const patient = (what: string, log: Logger, work: () => Promise<void>): Coalescer =>
  createCoalescer(() =>
    work().catch((error: unknown) => log.warn({ err: error }, `${what} was cut short; it is repeated`)),
  );

/** Who can give a copy of a pinned image; under a tag a host may have any image. */
async function holderOf(
  image: string,
  lacking: Runtime,
  fleet: Fleet,
  { runtimes, log }: Pick<SchedulerDeps, 'runtimes' | 'log'>,
): Promise<Runtime | null> {
  if (!image.includes('sha256:')) return null;
  for (const { place } of fleet.placesOf('docker')) {
    const runtime = runtimes.of(place);
    if (runtime === lacking || !(await hasImage(runtime, image))) continue;
    log.info({ image, from: place.hostId, to: runtimes.hostOf(lacking) }, 'image copied: no registry gives it');
    return runtime;
  }
  return null;
}

/** Takes an instance to `stopping` from wherever it is, and ends it. */
async function leave(
  row: InstanceRow,
  reason: string,
  { store, clock, stops }: { store: Store; clock: Clock; stops: Stops },
): Promise<void> {
  let latest: InstanceRow | null = row;
  if (latest.state === 'booting' || latest.state === 'ready') {
    latest = await store.instances.move(row.id, latest.state, 'drain', { at: clock.now(), reason });
  }
  if (latest?.state === 'draining')
    latest = await store.instances.move(row.id, 'draining', 'drained', { at: clock.now() });
  if (latest?.state === 'stopping') await stops.begin(latest);
}

/** Calls back every `ms` until the answered function is called. */
function every(clock: Clock, ms: number, callback: () => void): () => void {
  const again = (): void => {
    cancel = clock.after(ms, again);
    callback();
  };
  let cancel = clock.after(ms, again);
  return () => cancel();
}
