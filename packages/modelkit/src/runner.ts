/** Runs a model: its setup once, then predictions, each in a slot. */
import { setTimeout as delay } from 'node:timers/promises';
import type { CogHealthStatus, CogSetup } from '@hearth/contract/south/protocol';
import { FreeReporter } from './free-reporter.ts';
import type { Manners } from './generation.ts';
import { inputPreparer } from './input-files.ts';
import { messageOf } from './message-of.ts';
import type { Model, PredictRun } from './model.ts';
import type { Outbound } from './outbound.ts';
import { holdsFile } from './output.ts';
import { asLocalPath, type Publish, publisherFor, publishFiles } from './output-files.ts';
import { complaintOf } from './own-healthcheck.ts';
import { Prediction } from './prediction.ts';
import type { Bodies, Health } from './reply.ts';
import { Reporter, type Reports } from './reporter.ts';
import type { PredictionCall } from './request.ts';
import { COG_VERSION } from './responses.ts';
import { lazyFolder, type RunFolder } from './run-folder.ts';
import type { Settings } from './settings.ts';
import { isoTime, startStopwatch } from './time.ts';
import { localWeights } from './weights.ts';

export type Mode = 'sync' | 'async';

export interface StartOptions {
  readonly mode: Mode;
  /** `traceparent` and `tracestate` of the request, passed on with its webhooks. */
  readonly trace: Readonly<Record<string, string>>;
}

/** A prediction under way. */
export interface Running {
  readonly prediction: Prediction;
  /** Resolves when it has ended; never rejects. */
  readonly done: Promise<void>;
  /** Frees the slot and sends the last report; once. */
  readonly conclude: () => void;
}

/** As A and B do: where reports are to come fast, the first one must not be held back by one that says nothing. */
const LEAST_INTERVAL_WITH_START_MS = 100;

const linesOf = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

export interface RunnerOptions {
  readonly settings: Settings;
  readonly manners: Manners;
  readonly bodies: Bodies;
  readonly outbound: Outbound;
  /** Takes what a model logs, a line or more at a time. */
  readonly print: (text: string) => void;
}

export class Runner {
  readonly #model: Model;
  readonly #options: RunnerOptions;
  readonly #prepareInput: ReturnType<typeof inputPreparer>;
  readonly #slots: number;
  readonly #running = new Set<Running>();
  #phase: 'STARTING' | 'READY' | 'SETUP_FAILED' | 'DEFUNCT' = 'STARTING';
  #setup: CogSetup = {};
  #setupLogs = '';
  #setupStopwatch = startStopwatch();
  readonly #reports = new Set<Promise<void>>();
  #state: unknown;

  constructor(model: Model, options: RunnerOptions) {
    this.#model = model;
    this.#options = options;
    this.#prepareInput = inputPreparer(model.fields);
    this.#slots = options.settings.maxConcurrency ?? model.concurrency;
  }

  get hasFreeSlot(): boolean {
    return this.#running.size < this.#slots;
  }

  /** As far as the server knows without asking the model. */
  get status(): CogHealthStatus {
    return this.#phase === 'READY' && !this.hasFreeSlot ? 'BUSY' : this.#phase;
  }

  /** Asks the model too, where it has a check of its own and its setup is over. */
  async health(): Promise<Health> {
    const { healthcheck } = this.#model;
    const check = this.#phase === 'READY' && this.#options.manners.checksHealth ? healthcheck : null;
    const complaint = check ? await complaintOf(() => check({ state: this.#state })) : null;
    const told = { status: this.status, setup: this.#setup };
    if (complaint !== null) return { ...told, status: 'UNHEALTHY', complaint };
    return this.#phase === 'DEFUNCT' ? { ...told, ...this.#options.bodies.defunct } : { ...told, complaint };
  }

  /** Runs the model's setup. @returns whether it succeeded. */
  async setUp(): Promise<boolean> {
    this.#setupStopwatch = startStopwatch();
    this.#setup = this.#options.bodies.startingSetup(isoTime(this.#setupStopwatch.startedAtMs));
    const log = (text: string) => {
      this.#setupLogs += linesOf(text);
      this.#options.print(linesOf(text));
    };
    try {
      const weights = await localWeights(this.#options.settings.weights);
      this.#state = await this.#model.setup({ log, weights });
      return this.#endSetUp('succeeded', this.#setupLogs);
    } catch (error) {
      this.#options.print(linesOf(stackOf(error)));
      return this.#endSetUp('failed', this.#failedSetup(error));
    }
  }

  #failedSetup(error: unknown): string {
    return this.#options.bodies.failedSetup(this.#setupLogs, {
      message: messageOf(error),
      trace: linesOf(stackOf(error)),
    });
  }

  #endSetUp(status: 'succeeded' | 'failed', logs: string): boolean {
    if (this.#phase !== 'STARTING') return false;
    const { startedAtMs, elapsedMs } = this.#setupStopwatch;
    this.#setup = {
      started_at: isoTime(startedAtMs),
      completed_at: isoTime(startedAtMs + elapsedMs()),
      logs,
      status,
    };
    this.#phase = status === 'succeeded' ? 'READY' : 'SETUP_FAILED';
    return status === 'succeeded';
  }

  find(id: string): Running | undefined {
    for (const running of this.#running) if (running.prediction.call.id === id) return running;
    return undefined;
  }

  /** Starts a prediction, or says why not: what is not `broken` may pass. */
  start(call: PredictionCall, options: StartOptions): Running | 'notReady' | 'full' | 'broken' {
    if (this.#phase === 'SETUP_FAILED' || this.#phase === 'DEFUNCT') return 'broken';
    const taken = call.id !== null && this.find(call.id) !== undefined;
    if (this.#phase === 'STARTING') return 'notReady';
    if (!this.hasFreeSlot || taken) return 'full';
    const prediction = new Prediction(call);
    const reporter = this.#reporterFor(prediction, options);
    if (this.#options.manners.reportsFreely || this.#options.settings.webhookIntervalMs >= LEAST_INTERVAL_WITH_START_MS)
      reporter?.changed('start');
    if (this.#model.output.kind === 'iterator') prediction.output = [];
    const publish = publisherFor(call, options.mode, this.#options);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const running: Running = {
      prediction,
      done,
      conclude: () => {
        // The slot is free before the caller hears of the end, so its next request finds it.
        if (!this.#running.delete(running)) return;
        resolve();
        if (reporter) this.#track(reporter.completed());
      },
    };
    this.#running.add(running);
    void this.#run(prediction, reporter, publish).then(running.conclude);
    return running;
  }

  /**
   * Something broke outside every prediction: those in flight fail, and no more are taken. During the setup it is the
   * setup that failed.
   */
  breakDown(error: unknown): 'setup-failed' | 'defunct' {
    const trace = linesOf(stackOf(error));
    this.#options.print(trace);
    if (this.#phase === 'STARTING') {
      this.#endSetUp('failed', this.#failedSetup(error));
      return 'setup-failed';
    }
    this.#phase = 'DEFUNCT';
    for (const { prediction, conclude } of this.#running) {
      prediction.logs += trace;
      prediction.end('failed', this.#options.bodies.workerDied(messageOf(error)));
      prediction.cancel();
      conclude();
    }
    return 'defunct';
  }

  /** Waits for last reports that are still being delivered, but no longer than this. */
  async flush(limitMs: number): Promise<void> {
    if (this.#reports.size === 0) return;
    await Promise.race([Promise.all(this.#reports), delay(limitMs, undefined, { ref: false })]);
  }

  #track(report: Promise<void>): void {
    this.#reports.add(report);
    void report.finally(() => this.#reports.delete(report));
  }

  async #run(prediction: Prediction, reporter: Reports | null, publish: Publish): Promise<void> {
    const folder = lazyFolder();
    const run = this.#predictRun(prediction, reporter, folder);
    try {
      const input = await this.#prepareInput(prediction.call.values, run);
      await this.#collect(prediction, reporter, publish, this.#model.predict(Object.assign(run, { input })));
      prediction.end(prediction.signal.aborted ? 'canceled' : 'succeeded', null);
    } catch (error) {
      if (prediction.signal.aborted) prediction.end('canceled', null);
      else {
        run.log(stackOf(error));
        prediction.end('failed', messageOf(error));
      }
    }
    if (publish !== asLocalPath || !holdsFile(this.#model.output)) folder.remove(this.#options.print);
  }

  /** Awaits the result of `predict` and puts it into the prediction, piece by piece where it is an iterator. */
  async #collect(prediction: Prediction, reporter: Reports | null, publish: Publish, result: unknown): Promise<void> {
    const { output } = this.#model;
    const value = await result;
    if (output.kind !== 'iterator') {
      const published = await publishFiles(output, value, publish);
      if (prediction.ended) return;
      prediction.output = published;
      reporter?.changed('output');
      return;
    }
    const items: unknown[] = [];
    prediction.output = items;
    for await (const item of value as AsyncIterable<unknown> | Iterable<unknown>) {
      if (prediction.signal.aborted) return;
      items.push(await publishFiles(output.item, item, publish));
      reporter?.changed('output');
    }
  }

  #predictRun(prediction: Prediction, reporter: Reports | null, folder: RunFolder) {
    const { call } = prediction;
    const given = this.#options.manners.passesContext ? call.context : {};
    const context = call.id === null ? given : { ...given, id: call.id };
    const run: PredictRun<Record<string, unknown>, unknown> = {
      id: call.id,
      input: call.values,
      state: this.#state,
      signal: prediction.signal,
      context,
      log: (text) => {
        this.#options.print(linesOf(text));
        if (prediction.ended) return;
        prediction.logs += linesOf(text);
        reporter?.changed('logs');
      },
      get tempDir() {
        return folder.path;
      },
      recordMetric: (name, value) => {
        prediction.metrics[name] = value;
      },
    };
    return run;
  }

  #reporterFor(prediction: Prediction, { trace }: StartOptions): Reports | null {
    const { webhook, events } = prediction.call;
    if (webhook === null) return null;
    const { webhookAuthToken, webhookIntervalMs, userAgent } = this.#options.settings;
    const Kind = this.#options.manners.reportsFreely ? FreeReporter : Reporter;
    return new Kind({
      outbound: this.#options.outbound,
      url: webhook,
      events,
      intervalMs: webhookIntervalMs,
      headers: {
        'user-agent': `cog-worker/${COG_VERSION}${userAgent ? ` ${userAgent}` : ''}`,
        ...(webhookAuthToken && { authorization: `Bearer ${webhookAuthToken}` }),
        ...trace,
      },
      body: () => this.#options.bodies.webhook(prediction),
      log: (text) => this.#options.print(linesOf(text)),
    });
  }
}
