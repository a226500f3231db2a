import type { BootProgress, WirePrediction } from '@hearth/contract';
import { type Comer, etaMs, type Line, median, type Pace, phaseOf, phaseSpans } from '@hearth/core';
import type { InstanceRow, LineEntry, PredictionRow, Store } from '@hearth/store';
import { createTtlCache } from '../ttl-cache.ts';
import { date } from '../wire.ts';

type Waiting = NonNullable<WirePrediction['waiting']>;

/** Why a prediction is not running yet; undefined once it is. */
export type WaitingOf = (row: PredictionRow) => Promise<Waiting | undefined>;
/** The boot that a deployment waits for, the newest; null where none of its instances boots. */
export type BootOf = (instances: readonly InstanceRow[]) => Promise<Boot | null>;

/** How many seconds a prediction that came now would wait for a deployment; null where that is not known. */
export type EtaOf = (deploymentId: string) => Promise<number | null>;

export interface Boot {
  readonly instance: string;
  readonly phase: string;
  readonly since: number;
  readonly progress: BootProgress;
  /** When it is expected to be ready; null where that is not known. */
  readonly readyAt: number | null;
}

/** Many may wait for the same deployment and look at once: they share one look. */
const LOOK_KEPT_MS = 500;
/** What boots and runs take changes slowly. */
const PACE_KEPT_MS = 10_000;
const KEPT_DEPLOYMENTS = 200;
const INSTANCES_LOOKED_AT = 20;
/** Longer lines are counted up to here. */
const LONGEST_LINE = 1_000;
const BOOTS_REMEMBERED = 10;
const RUNS_REMEMBERED = 50;

export function createWaiting(store: Store, now: () => number): { waitingOf: WaitingOf; bootOf: BootOf; etaOf: EtaOf } {
  const cache = <Value>(ttlMs: number) => createTtlCache<Value>({ ttlMs, max: KEPT_DEPLOYMENTS, now });
  const looks = cache<Look>(LOOK_KEPT_MS);
  const paces = cache<Pace>(PACE_KEPT_MS);
  const paceOf = (deploymentId: string) => paces.get(deploymentId, () => readPace(store, deploymentId));

  const bootOf: BootOf = async (instances) => {
    const booting = instances.find((one): one is InstanceRow & { state: 'booting' } => one.state === 'booting');
    return booting === undefined ? null : asBoot(booting, await paceOf(booting.deploymentId), now());
  };
  const look = async (deploymentId: string): Promise<Look> => {
    const [status, instances, line, pace] = await Promise.all([
      store.deployments.status(deploymentId),
      store.instances.list({ deploymentId, live: true, limit: INSTANCES_LOOKED_AT }),
      store.predictions.line(deploymentId, LONGEST_LINE),
      paceOf(deploymentId),
    ]);
    const blocked = status?.blockedReason ? { reason: status.blockedReason, detail: status.blockedDetail } : null;
    return { blocked, instances, line, pace };
  };
  return {
    bootOf,
    async etaOf(deploymentId) {
      const seen = await looks.get(deploymentId, () => look(deploymentId));
      return etaSeconds(seen, seen.line.filter(({ status }) => status === 'starting').length, now());
    },
    async waitingOf(row) {
      if (row.status !== 'starting') return undefined;
      const seen = await looks.get(row.deploymentId, () => look(row.deploymentId));
      const coming = await bootOf(seen.instances);
      const before = row.held ? await store.predictions.heldBefore(row.accountId, row.id) : 0;
      const position = positionOf(row, seen.line) + before;
      return {
        ...(row.held ? HELD : whyOf(seen, coming)),
        phase: coming?.phase ?? null,
        since: date(Math.max(coming?.since ?? 0, row.createdAt)),
        position,
        progress: coming?.progress ?? null,
        // One that is held waits for runs of any deployment of its account.
        eta_seconds: row.held ? null : etaSeconds(seen, position, now()),
      };
    },
  };
}

const HELD = {
  reason: 'account-limit',
  detail: 'Its account has as many predictions queued or running as it may have at a time.',
};

/** What one look at a deployment found. */
interface Look {
  readonly blocked: { reason: string; detail: string | null } | null;
  readonly instances: readonly InstanceRow[];
  readonly line: readonly LineEntry[];
  readonly pace: Pace;
}

async function readPace(store: Store, deploymentId: string): Promise<Pace> {
  const [boots, runMs] = await Promise.all([
    store.instances.recentBoots(deploymentId, BOOTS_REMEMBERED),
    store.usage.recentRuns(deploymentId, RUNS_REMEMBERED),
  ]);
  return { phaseMs: phaseSpans(boots), runMs };
}

function whyOf({ blocked, instances }: Look, boot: Boot | null): Pick<Waiting, 'reason' | 'detail'> {
  if (blocked !== null) return { reason: blocked.reason, detail: blocked.detail ?? blocked.reason };
  if (boot !== null) return { reason: 'booting', detail: `An instance is booting: ${boot.phase}.` };
  const ready = instances.filter(({ state }) => state === 'ready').length;
  if (ready === 0) return { reason: 'queued', detail: 'No instance is up yet.' };
  return {
    reason: 'queued',
    detail: ready === 1 ? 'The one ready instance is busy.' : `All ${ready} ready instances are busy.`,
  };
}

/** Waiting ones that come before it, as of the last look. Of equal priority the older one comes first, by its id. */
const positionOf = ({ id, priority, held }: PredictionRow, line: readonly LineEntry[]): number =>
  line.filter(
    (one) =>
      one.status === 'starting' && (held || one.priority < priority || (one.priority === priority && one.id < id)),
  ).length;

function etaSeconds({ blocked, instances, line, pace }: Look, position: number, now: number): number | null {
  const comers = instances.filter(
    (one): one is InstanceRow & Comer => one.state === 'booting' || one.state === 'ready',
  );
  const runningSince = line.flatMap(({ status, startedAt }) =>
    status === 'processing' && startedAt !== null ? [startedAt] : [],
  );
  // The instance that is yet to be booted has a slot at least.
  const where: Line = { position, comers, runningSince, nextBootSlots: blocked === null ? 1 : null };
  const ms = etaMs(where, pace, now);
  return ms === null ? null : Math.ceil(ms / 1_000);
}

function asBoot(instance: InstanceRow & { state: 'booting' }, pace: Pace, now: number): Boot {
  const { phaseMs } = pace;
  const { phase, since } = phaseOf(instance);
  const readyMs = etaMs({ position: 0, comers: [instance], runningSince: [], nextBootSlots: null }, pace, now);
  const usualMs = median(phaseMs[phase] ?? []);
  const { bytes, totalBytes } = (phase === 'pull' ? instance.pull : null) ?? { bytes: null, totalBytes: null };
  return {
    instance: instance.id,
    phase,
    since,
    progress: {
      elapsed_seconds: Math.max(0, now - since) / 1_000,
      usual_seconds: usualMs === null ? null : usualMs / 1_000,
      bytes,
      total_bytes: totalBytes,
      percent: bytes === null || !totalBytes ? null : Math.min(100, Math.floor((100 * bytes) / totalBytes)),
    },
    readyAt: readyMs === null ? null : now + readyMs,
  };
}
