import { type Blocked, type Deployment, type Hardware, type Need, type Snapshot, UNMEASURED } from '@hearth/core';
import type { Observation, Store } from '@hearth/store';

export interface World {
  readonly observation: Observation;
  readonly snapshot: Snapshot;
  /** Deployments whose hardware nobody defined: they can't be planned for, and say so. */
  readonly unplannable: readonly Blocked[];
}

/** Reads the world in one consistent snapshot and puts it in the words of the core. */
export async function observe(store: Store): Promise<World> {
  return worldOf(await store.instances.observe());
}

function worldOf(observation: Observation): World {
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
      need: needOf(row.runtime, hardware),
      policy: {
        minInstances: hardware === undefined ? 0 : row.minInstances,
        maxInstances: row.maxInstances,
        slotsPerInstance: row.slots,
        keepAliveMs: row.keepAliveMs,
      },
      // Nothing can be booted for it, so nothing is asked; what it still runs idles out.
      demand: hardware === undefined ? { waiting: 0, inFlight: 0, oldestWaitingAt: null } : row.demand,
      measures: UNMEASURED,
      history: null,
      // What failed before the newest release says nothing about it: whoever ships a mended version need not wait.
      backoff: retryAt === null || failure === null || failure.at < row.releasedAt ? null : { retryAt, failure },
    };
  });
  const { hosts, instances } = observation;
  return { observation, snapshot: { hosts, deployments, instances }, unplannable };
}

const needOf = (runtime: Need['runtime'], hardware: Hardware | undefined): Need => ({
  runtime,
  // What nobody defined fits nowhere: not even what takes over from a warm release, which nobody has to ask for.
  memoryMiB: hardware?.memoryMiB ?? Number.POSITIVE_INFINITY,
  gpus: hardware?.gpus ?? 0,
  vramMiB: hardware?.vramMiB ?? 0,
});
