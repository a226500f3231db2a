import type { Millis } from '@hearth/core';
import type { Blobs, Signer } from '@hearth/files';
import {
  createCoalescer,
  createOutboundGuard,
  createSealer,
  type Logger,
  type Metrics,
  newSecret,
  type OutboundGuardOptions,
  type Sealer,
} from '@hearth/kit';
import type { Bus, Queues } from '@hearth/queue';
import type { Store } from '@hearth/store';
import { callbackBase } from './addresses.ts';
import { type Context, type GivenTimings, TIMINGS, type Timings } from './context.ts';
import { createDeadlineTimer } from './deadlines.ts';
import { createAdmission } from './intake/admission.ts';
import { createBusyMeter } from './intake/busy.ts';
import { type Attachment, createConsumers } from './intake/consumers.ts';
import { createHealth } from './intake/health.ts';
import { createUsageFlush } from './intake/usage-flush.ts';
import { LIMITS, type Limits } from './limits.ts';
import type { Listening } from './listening.ts';
import { createInputFetch } from './model/fetched-input.ts';
import { type Network, SOCKETS } from './network.ts';
import { within } from './pause.ts';
import { adopt } from './runs/adopt.ts';
import { buildCallbacks } from './runs/callbacks.ts';
import { createPrices } from './runs/prices.ts';
import { lookAtInstances, lookAtPredictions } from './runs/reconcile.ts';
import type { RunMetrics } from './runs/run-metrics.ts';
import { createRunner } from './runs/run-prediction.ts';
import { createRuns, type Ending, type Run } from './runs/runs.ts';
import { createRemoval } from './upkeep/removal.ts';
import { createSealing } from './upkeep/sealing.ts';
import { createSweep } from './upkeep/sweep.ts';
import { createWebhookSend } from './webhooks/webhook-send.ts';
import { createWebhooks } from './webhooks/webhooks.ts';
import { createRunningWebhooks } from './webhooks/webhooks-running.ts';

export interface DispatcherOptions {
  readonly store: Store;
  readonly queues: Queues;
  readonly bus: Bus;
  readonly blobs: Blobs;
  readonly signer: Signer;
  /** Opens the secrets of inputs; left out: none can be opened. */
  readonly sealer?: Sealer;
  readonly log: Logger;
  readonly metrics: RunMetrics;
  /** All figures of the process, for `/metrics`. */
  readonly exposition: Metrics;
  readonly now: () => Millis;
  /** Milliseconds of a clock that nobody sets; absent: nobody sets `now` either. */
  readonly monotonicMs?: () => number;
  readonly publicUrl: string;
  readonly callbackHosts: readonly string[];
  /** 0 lets the system choose; then only one address can be listened on. */
  readonly callbackPort: number;
  readonly timings: Pick<Timings, GivenTimings> & Partial<Timings>;
  /** Left out: those of {@link LIMITS}. */
  readonly limits?: Limits;
  /** Which addresses may be opened for users; left out: only public ones. */
  readonly outbound?: Omit<OutboundGuardOptions, 'alsoOwn'>;
  /** Left out: it does, until it is closed. */
  readonly isLeading?: () => boolean;
  /** Left out: sockets. */
  readonly network?: Network;
}

export interface Dispatcher {
  /** Where the callback listener is, as processes of this machine see it. */
  readonly callbackUrl: string;
  /** Leaves what runs to the next dispatcher; resolves within seconds however long the runs are. */
  close(): Promise<void>;
}

/** How long each step of closing may take: together less than 5 s, whatever the runs and the store do. */
const CLOSE_ANSWERS_MS = 300;
const CLOSE_LISTENING_MS = 500;
const CLOSE_LOOKING_MS = 1_000;
const CLOSE_RUNS_MS = 2_000;
const CLOSE_USAGE_MS = 500;

/** One term as the dispatcher: call it only while leading. @throws when it cannot listen or the store is away */
export async function startDispatcher(options: DispatcherOptions): Promise<Dispatcher> {
  const { store, log, callbackHosts } = options;
  const closing = new AbortController();
  const term = wire(options, closing.signal);
  const { context, consumers, runner, listening } = term;
  const skipped = await store.predictions.skipForgotten();
  if (skipped > 0)
    log.info({ predictions: skipped }, 'the store was down: those that wait begin under another attempt');
  await adopt(context, consumers, runner);
  await listening.open();
  const stopLooking = keepLooking(term);
  log.info('dispatching');
  return {
    callbackUrl: callbackBase({ runtime: 'process', callbackHost: null }, callbackHosts, listening.port),
    async close() {
      closing.abort('the dispatcher closed before there was an answer');
      await end(term, stopLooking());
    },
  };
}

/** Everything that works in one term, each knowing whom it needs; nothing of it has begun. */
function wire(options: DispatcherOptions, closing: AbortSignal) {
  const { store, log, now, network = SOCKETS } = options;
  const timings = { ...TIMINGS, ...options.timings };
  const busy = createBusyMeter(store, log, { now, everyMs: timings.busyFlushMs });
  const runs = createRuns(busy);
  options.metrics.watch(runs);
  const matching = createCoalescer(() => lookAtInstances({ context, consumers, runner }));
  const looking = createCoalescer(() => lookAtPredictions({ context, runner, deadlines }));
  const guard = createOutboundGuard({ ...options.outbound, alsoOwn: () => consumers.all().flatMap(endpointOf) });
  const fetch = createInputFetch(guard);
  const post = network.createWebhookPost(timings.webhookTimeoutMs, guard);
  const sendWebhook = createWebhookSend({ ...options, timings }, post);
  const runningWebhooks = createRunningWebhooks({ ...options, timings }, sendWebhook, closing);
  const context: Context = {
    ...options,
    network,
    guard,
    limits: options.limits ?? LIMITS,
    sealer: options.sealer ?? createSealer([newSecret()]),
    timings,
    runningWebhooks,
    webhooks: createWebhooks({ ...options, timings }, sendWebhook, runningWebhooks),
    runs,
    monotonicMs: options.monotonicMs ?? now,
    isLeading: options.isLeading ?? (() => true),
    prices: createPrices(store, now),
    admission: createAdmission({ ...options, closing }),
    usage: createUsageFlush(store, log, timings.usageFlushMs),
    closing,
    callbackBase: (instance) => callbackBase(instance, options.callbackHosts, listening.port),
    look() {
      matching.trigger();
      looking.trigger();
    },
  };
  const consumers = createConsumers(context);
  const health = createHealth(context, consumers);
  const runner = createRunner(context, consumers, health);
  const deadlines = createDeadlineTimer(now, context.look);
  const listening: Listening = network.createListening({
    callbackHosts: options.callbackHosts,
    port: options.callbackPort,
    build: () => buildCallbacks({ context, consumers, runner, exposition: options.exposition, fetch }),
    log,
  });
  return { context, consumers, health, runner, deadlines, listening, matching, looking, busy, post, fetch };
}

type Term = ReturnType<typeof wire>;

/** Looks at once, when it is poked, and every so often anyway. Answers what stops it. */
function keepLooking({ context, health, deadlines, listening, matching, looking }: Term): () => Promise<void> {
  const { bus, queues, timings } = context;
  const sweep = createSweep(context);
  const sweeping = createCoalescer(() => sweep.run());
  const removal = createRemoval(context);
  const removing = createCoalescer(() => removal.run());
  const sealing = createCoalescer(() => createSealing(context).run());
  const probing = createCoalescer(() => health.checkDue());
  const listeningToHosts = createCoalescer(() => listenToHosts(context, listening));
  const unsubscribe = [
    bus.onPoke('dispatcher', context.look),
    bus.onPoke('dispatcher', () => context.webhooks.look()),
    queues.onAmnesia(() => sweeping.trigger()),
  ];
  const timers = [
    setInterval(context.look, timings.reconcileMs),
    setInterval(() => listeningToHosts.trigger(), timings.reconcileMs),
    setInterval(() => sweeping.trigger(), timings.sweepMs),
    setInterval(() => probing.trigger(), timings.probeMs),
    setInterval(() => removing.trigger(), timings.removalMs),
    setInterval(() => sealing.trigger(), timings.sealMs),
  ];
  context.look();
  context.webhooks.look();
  for (const early of [sweeping, removing, listeningToHosts]) early.trigger();
  const repeated = [matching, looking, context.admission, sweeping, removing, sealing, probing, listeningToHosts];
  return async () => {
    for (const timer of timers) clearInterval(timer);
    for (const stop of unsubscribe) stop();
    deadlines.close();
    await Promise.all(repeated.map((each) => each.close()));
  };
}

/** The end of a term, in steps that are bounded each. `looked`: once no look is in progress any more. */
async function end({ context, consumers, listening, busy, post, fetch }: Term, looked: Promise<void>): Promise<void> {
  const { runs, now } = context;
  const toldWebhooks = context.webhooks.close();
  // One that is just being sent is either taken or refused within moments; knowing which saves it a lost attempt.
  await within(CLOSE_ANSWERS_MS, Promise.all(runs.all().flatMap(({ answering }) => answering ?? [])));
  leave(runs.all(), now());
  const settled = runs.all().map((run) => run.kept);
  await within(CLOSE_LISTENING_MS, listening.close());
  // A look in progress may still be opening a consumer.
  await within(CLOSE_LOOKING_MS, looked);
  await within(CLOSE_RUNS_MS, Promise.all([consumers.close(), ...settled]));
  await within(CLOSE_USAGE_MS, Promise.all([context.usage.close(), busy.close()]));
  // Bounded by itself, and begun with the first step.
  await toldWebhooks;
  await Promise.all([post.close(), fetch.close()]);
}

/** Lets go of runs: what was never sent goes back, what runs stays for the next dispatcher, what has ended is written. */
function leave(runs: readonly Run[], now: Millis): void {
  const unsent: Ending = { kind: 'giveBack', lost: false, rest: false, why: 'the dispatcher closed' };
  for (const run of runs) run.end(run.sentAt === null ? unsent : { kind: 'leave' }, now);
}

/** Model servers take what anybody sends them. */
function endpointOf({ instance: { address } }: Attachment): { host: string; port: number }[] {
  if (address === null) return [];
  const { hostname, port } = new URL(address);
  return [{ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) }];
}

/** The containers of other machines report to addresses that nobody had to configure. */
async function listenToHosts({ store, log }: Context, listening: Listening): Promise<void> {
  try {
    const hosts = await store.hosts.list();
    await listening.also(hosts.flatMap(({ callbackHost }) => callbackHost ?? []));
  } catch (error) {
    log.warn({ err: error }, 'could not look where hosts report to; looking again soon');
  }
}
