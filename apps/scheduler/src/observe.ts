import type { Blocked, Deployment, Host, Millis, Snapshot } from '@hearth/core';
import type { Observation, Store } from '@hearth/store';
import type { Clock } from './clock.ts';
import type { Fleet } from './hosts/fleet.ts';
import type { Memory } from './memory.ts';
import { fallbackOf, needOn, needOnNothing, shapesOf } from './needs.ts';

export interface World {
  readonly observation: Observation;
  readonly snapshot: Snapshot;
  /** Deployments whose hardware nobody defined: they can't be planned for, and say so. */
  readonly unplannable: readonly Blocked[];
}

export interface ObserveDeps {
  readonly store: Store;
  readonly fleet: Pick<Fleet, 'match' | 'view' | 'lost'>;
  readonly memory: Memory;
  readonly clock: Clock;
}

/** Reads the world in one consistent snapshot and puts it in the words of the core; the fleet follows what it says of hosts. */
export async function observe({ store, fleet, memory, clock }: ObserveDeps): Promise<World> {
  // Before the rows are read: what a host that returns meanwhile takes back is not among them.
  const lost = fleet.lost;
  const read = await store.instances.observe();
  const observation = { ...read, instances: memory.seenUses.look(read.instances, clock.now()) };
  fleet.match(observation.hosts);
  await memory.times.look(observation, clock.now());
  memory.uses.look(observation, memory.times, clock.now());
  memory.gpus.look(observation);
  memory.shapes = shapesOf(observation, memory.shapes);
  const hosts = fleet.view(observation.hosts).map((host) => (lost.has(host.id) ? { ...host, lost: true } : host));
  return worldOf(observation, hosts, memory, clock.now());
}

/** An operator may want one for a while, whatever the minimum. */
const atLeast = ({ minInstances, warmUntil }: Observation['deployments'][number], now: Millis): number =>
  warmUntil !== null && warmUntil > now ? Math.max(1, minInstances) : minInstances;

function worldOf(
  observation: Observation,
  hosts: readonly Host[],
  { times, needs, uses, gpus, shapes }: Memory,
  now: Millis,
): World {
  const bySku = new Map(observation.hardware.map((h) => [h.sku, h]));
  const unplannable: Blocked[] = [];
  const deployments = observation.deployments.map((row): Deployment => {
    const hardware = bySku.get(row.hardwareSku);
    if (hardware === undefined) {
      const detail = `There is no hardware "${row.hardwareSku}".`;
      unplannable.push({ deploymentId: row.id, reason: 'no-hardware', detail });
    }
    const { retryAt, failure } = row.status ?? { retryAt: null, failure: null };
    return {
      id: row.id,
      versionId: row.versionId,
      hardwareSku: row.hardwareSku,
      need: hardware === undefined ? needOnNothing(row) : needOn(hardware, row),
      fallback: hardware === undefined ? [] : fallbackOf(hardware, bySku, row),
      policy: {
        minInstances: hardware === undefined ? 0 : atLeast(row, now),
        maxInstances: row.maxInstances,
        slotsPerInstance: row.slots,
        keepAlive: row.keepAlive,
      },
      // Nothing can be booted for it, so nothing is asked; what it still runs idles out.
      demand: hardware === undefined ? { waiting: 0, inFlight: 0, oldestWaitingAt: null } : row.demand,
      measures: times.of(row.id),
      history: needs.of(row.id),
      use: uses.of(row.id),
      // What failed before the newest release says nothing about it: whoever ships a mended version need not wait.
      backoff: retryAt === null || failure === null || failure.at < row.releasedAt ? null : { retryAt, failure },
    };
  });
  return {
    observation,
    snapshot: { hosts, deployments, instances: observation.instances, shapes, lingering: gpus.lingering() },
    unplannable,
  };
}
