import { expectedRunMs, holdFor, type Millis } from '@hearth/core';
import { type DeploymentRow, type Store } from '@hearth/store';
import { createTtlCache } from '../ttl-cache.ts';

/** How long runs take at most, and how long they are taken to last where nothing is known of them. */
export interface RunSettings {
  readonly expectedMs: Millis;
  readonly predictionTimeoutMs: Millis;
  readonly trainingTimeoutMs: Millis;
  readonly cancelGraceMs: Millis;
}

/** What a new prediction on a deployment is to set aside, in millionths. */
export type HoldOf = (deployment: DeploymentRow) => Promise<number>;

const RUNS_LOOKED_AT = 50;
/** Run times change slowly, prices are announced ahead: the hot path asks for neither. */
const RUNS_KEPT_MS = 60_000;
const PRICES_KEPT_MS = 5_000;

export function createHoldOf(store: Pick<Store, 'usage' | 'hosts'>, runs: RunSettings, now: () => Millis): HoldOf {
  const recent = createTtlCache<readonly Millis[]>({ ttlMs: RUNS_KEPT_MS, max: 1_000, now });
  const prices = createTtlCache<ReadonlyMap<string, number>>({ ttlMs: PRICES_KEPT_MS, max: 1, now });
  const priced = async () => new Map((await store.hosts.hardware()).map((sku) => [sku.sku, sku.priceMicrosPerSecond]));

  return async ({ id, mode, hardwareSku }) => {
    const price = (await prices.get('', priced)).get(hardwareSku) ?? 0;
    // What is free holds nothing back.
    if (price === 0) return 0;
    const timeoutMs = mode === 'train' ? runs.trainingTimeoutMs : runs.predictionTimeoutMs;
    const took = await recent.get(id, () => store.usage.recentRuns(id, RUNS_LOOKED_AT));
    const expected = expectedRunMs(took, { otherwiseMs: runs.expectedMs, timeoutMs });
    return holdFor(expected, price, { timeoutMs, cancelGraceMs: runs.cancelGraceMs });
  };
}
