import type { WirePrediction } from '@hearth/contract';
import { BOOT_PHASES } from '@hearth/core';
import type { InstanceRow, PredictionRow, Store } from '@hearth/store';
import { createTtlCache } from '../ttl-cache.ts';
import { date } from '../wire.ts';

type Waiting = NonNullable<WirePrediction['waiting']>;
/** Why a prediction is not running yet; undefined once it is. */
export type WaitingOf = (row: PredictionRow) => Promise<Waiting | undefined>;

/** Many may wait for the same deployment and look at once. */
const KEPT_MS = 500;
const LOOKED_AT = 20;

export function createWaitingOf(store: Store, now: () => number): WaitingOf {
  const cache = createTtlCache<Omit<Waiting, 'since'> & { since: number | null }>({ ttlMs: KEPT_MS, max: 1_000, now });
  return async (row) => {
    if (row.status !== 'starting') return undefined;
    const why = await cache.get(row.deploymentId, () => look(store, row.deploymentId));
    return { ...why, since: date(Math.max(why.since ?? 0, row.createdAt)) };
  };
}

async function look(store: Store, deploymentId: string) {
  const [status, instances] = await Promise.all([
    store.deployments.status(deploymentId),
    store.instances.list({ deploymentId, live: true, limit: LOOKED_AT }),
  ]);
  const boot = instances.map(bootOf).find((one) => one !== null) ?? null;
  const phase = boot?.phase ?? null;
  const since = boot?.since ?? null;
  if (status !== null && status.blockedReason !== null) {
    return { reason: status.blockedReason, detail: status.blockedDetail ?? status.blockedReason, phase, since };
  }
  if (boot !== null) return { reason: 'booting', detail: `An instance is booting: ${boot.phase}.`, phase, since };
  const ready = instances.filter(({ state }) => state === 'ready').length;
  const detail = ready > 0 ? `All ${ready} ready instances are busy.` : 'No instance is up yet.';
  return { reason: 'queued', detail: ready === 1 ? 'The one ready instance is busy.' : detail, phase, since };
}

/** The phase that a booting instance is in, and since when. */
export function bootOf(instance: Pick<InstanceRow, 'id' | 'state' | 'phases' | 'since'>) {
  if (instance.state !== 'booting') return null;
  const phase = BOOT_PHASES.findLast((one) => instance.phases[one] !== undefined) ?? 'place';
  return { instance: instance.id, phase, since: instance.phases[phase] ?? instance.since };
}
