import type { Millis } from '@hearth/core';
import type { Blobs, Signer } from '@hearth/files';
import type { Logger, OutboundGuard, Sealer } from '@hearth/kit';
import type { Bus, Queues } from '@hearth/queue';
import type { InstanceRow, Store } from '@hearth/store';
import type { Admission } from './intake/admission.ts';
import type { UsageFlush } from './intake/usage-flush.ts';
import type { Limits } from './limits.ts';
import type { Network } from './network.ts';
import type { Prices } from './runs/prices.ts';
import type { RunMetrics } from './runs/run-metrics.ts';
import type { Runs } from './runs/runs.ts';
import type { Webhooks } from './webhooks/webhooks.ts';
import type { RunningWebhooks } from './webhooks/webhooks-running.ts';

/** How often, and how long. Tests shorten them; nothing else does. */
export interface Timings {
  readonly predictionTimeoutMs: number;
  readonly trainingTimeoutMs: number;
  readonly cancelGraceMs: number;
  /** How long after its end a prediction of the API keeps its data; null: for ever. */
  readonly retentionMs: number | null;
  readonly reconcileMs: number;
  readonly sweepMs: number;
  /** Between two rounds of the removal of data. */
  readonly removalMs: number;
  /** Between two looks for usage records that are in no chain yet. */
  readonly sealMs: number;
  /** A run silent for so long is asked after, and two answers so far apart count as two. */
  readonly probeMs: number;
  /** An idle instance is asked so often. */
  readonly idleProbeMs: number;
  /** An instance that is busy with nothing of ours for so long takes nothing more. */
  readonly strayBusyMs: number;
  /** Between two writes of one run's partial output, for those who poll (Python's client does, every 0.5 s). */
  readonly progressMs: number;
  readonly usageFlushMs: number;
  /** Between two notes of when instances were busy. */
  readonly busyFlushMs: number;
  /** How long an instance that said it was full, or could not be reached, takes no further ticket. */
  readonly restMs: number;
  /** From the connection to a user's webhook to the end of its answer. */
  readonly webhookTimeoutMs: number;
  /** After so long another dispatcher may try a webhook that this one is trying; longer than a try takes. */
  readonly webhookClaimMs: number;
  /** Between two webhooks about a prediction's output, and between two about its logs. Source: contract §3. */
  readonly webhookSpacingMs: number;
}

/** What people set. */
export type GivenTimings = 'predictionTimeoutMs' | 'trainingTimeoutMs' | 'cancelGraceMs' | 'retentionMs';

export const TIMINGS: Omit<Timings, GivenTimings> = {
  reconcileMs: 2_000,
  sweepMs: 30_000,
  removalMs: 10_000,
  sealMs: 1_000,
  probeMs: 5_000,
  idleProbeMs: 10_000,
  strayBusyMs: 60_000,
  progressMs: 250,
  usageFlushMs: 100,
  busyFlushMs: 2_000,
  restMs: 500,
  webhookTimeoutMs: 10_000,
  webhookClaimMs: 20_000,
  webhookSpacingMs: 500,
};

/** What everything in a term of leadership shares. */
export interface Context {
  readonly store: Store;
  readonly queues: Queues;
  readonly bus: Bus;
  readonly blobs: Blobs;
  readonly signer: Signer;
  readonly sealer: Sealer;
  readonly network: Network;
  /** Before every address that a user gave. */
  readonly guard: OutboundGuard;
  readonly log: Logger;
  readonly now: () => Millis;
  /** Milliseconds of a clock that nobody sets, from any beginning: for how long something took. */
  readonly monotonicMs: () => number;
  /**
   * Whether this process leads, right now. One that stood still may not have heard yet that its term is over; what it
   * claimed then, the dispatcher that leads would know nothing of.
   */
  readonly isLeading: () => boolean;
  readonly timings: Timings;
  readonly limits: Limits;
  readonly publicUrl: string;
  /** Where an instance reaches the callback listener, without a trailing slash. */
  readonly callbackBase: (instance: Pick<InstanceRow, 'runtime' | 'callbackHost'>) => string;
  readonly runs: Runs;
  readonly prices: Prices;
  readonly usage: UsageFlush;
  readonly admission: Admission;
  readonly webhooks: Webhooks;
  readonly runningWebhooks: RunningWebhooks;
  readonly metrics: RunMetrics;
  /** Aborted when this term ends: what runs is left to the next dispatcher. */
  readonly closing: AbortSignal;
  /** Asks for another look at the store. */
  readonly look: () => void;
}
