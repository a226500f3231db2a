/** Runs a model: its setup once, then predictions, each in a slot. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { CogHealthStatus, CogSetup } from '@hearth/contract/south/protocol';
import { inputPreparer } from './input-files.ts';
import type { Model, PredictRun } from './model.ts';
import type { Outbound } from './outbound.ts';
import { holdsFile } from './output.ts';
import { asDataUrl, asLocalPath, asUpload, type Publish, publishFiles } from './output-files.ts';
import { Prediction } from './prediction.ts';
import { Reporter } from './reporter.ts';
import type { PredictionCall } from './request.ts';
import { COG_VERSION, webhookBody, workerDiedMessage } from './responses.ts';
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
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));

export class Runner {
  readonly #model: Model;
  readonly #settings: Settings;
  readonly #outbound: Outbound;
  readonly #print: (text: string) => void;
  readonly #prepareInput: ReturnType<typeof inputPreparer>;
  readonly #slots: number;
  readonly #running = new Set<Running>();
  #phase: 'STARTING' | 'READY' | 'SETUP_FAILED' | 'DEFUNCT' = 'STARTING';
  #setup: CogSetup = {};
  #setupLogs = '';
  #setupStopwatch = startStopwatch();
  readonly #reports = new Set<Promise<void>>();
  #state: unknown;

  /** @param print takes what a model logs, a line or more at a time. */
  constructor(model: Model, settings: Settings, outbound: Outbound, print: (text: string) => void) {
    this.#model = model;
    this.#settings = settings;
    this.#outbound = outbound;
    this.#print = print;
    this.#prepareInput = inputPreparer(model.fields);
    this.#slots = settings.maxConcurrency ?? model.concurrency;
  }

  get health(): { readonly status: CogHealthStatus; readonly setup: CogSetup } {
    const busy = this.#phase === 'READY' && this.#running.size >= this.#slots;
    return { status: busy ? 'BUSY' : this.#phase, setup: this.#setup };
  }

  /** Runs the model's setup. @returns whether it succeeded. */
  async setUp(): Promise<boolean> {
    this.#setupStopwatch = startStopwatch();
    const log = (text: string) => {
      this.#setupLogs += linesOf(text);
      this.#print(linesOf(text));
    };
    try {
      const weights = await localWeights(this.#settings.weights);
      this.#state = await this.#model.setup({ log, weights });
      return this.#endSetUp('succeeded', '');
    } catch (error) {
      this.#print(linesOf(stackOf(error)));
      return this.#endSetUp('failed', linesOf(stackOf(error)));
    }
  }

  #endSetUp(status: 'succeeded' | 'failed', trace: string): boolean {
    if (this.#phase !== 'STARTING') return false;
    const { startedAtMs, elapsedMs } = this.#setupStopwatch;
    this.#setup = {
      started_at: isoTime(startedAtMs),
      completed_at: isoTime(startedAtMs + elapsedMs()),
      logs: this.#setupLogs + trace,
      status,
    };
    this.#phase = status === 'succeeded' ? 'READY' : 'SETUP_FAILED';
    return status === 'succeeded';
  }

  find(id: string): Running | undefined {
    for (const running of this.#running) if (running.prediction.call.id === id) return running;
    return undefined;
  }

  /** Starts a prediction, or says why not: `busy` may pass, `broken` will not. */
  start(call: PredictionCall, options: StartOptions): Running | 'busy' | 'broken' {
    if (this.#phase === 'SETUP_FAILED' || this.#phase === 'DEFUNCT') return 'broken';
    const taken = call.id !== null && this.find(call.id) !== undefined;
    if (this.#phase === 'STARTING' || this.#running.size >= this.#slots || taken) return 'busy';
    const prediction = new Prediction(call);
    const reporter = this.#reporterFor(prediction, options);
    if (this.#settings.webhookIntervalMs >= LEAST_INTERVAL_WITH_START_MS) reporter?.changed('start');
    if (this.#model.output.kind === 'iterator') prediction.output = [];
    const publish = this.#publisherFor(call, options.mode);
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
    this.#print(trace);
    if (this.#phase === 'STARTING') {
      this.#endSetUp('failed', trace);
      return 'setup-failed';
    }
    this.#phase = 'DEFUNCT';
    for (const { prediction, conclude } of this.#running) {
      prediction.logs += trace;
      prediction.end('failed', workerDiedMessage(messageOf(error)));
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

  async #run(prediction: Prediction, reporter: Reporter | null, publish: Publish): Promise<void> {
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
    if (publish !== asLocalPath || !holdsFile(this.#model.output)) folder.remove(this.#print);
  }

  /** Awaits the result of `predict` and puts it into the prediction, piece by piece where it is an iterator. */
  async #collect(prediction: Prediction, reporter: Reporter | null, publish: Publish, result: unknown): Promise<void> {
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

  #predictRun(prediction: Prediction, reporter: Reporter | null, folder: LazyFolder) {
    const { call } = prediction;
    const context = call.id === null ? call.context : { ...call.context, id: call.id };
    const run: PredictRun<Record<string, unknown>, unknown> = {
      id: call.id,
      input: call.values,
      state: this.#state,
      signal: prediction.signal,
      context,
      log: (text) => {
        this.#print(linesOf(text));
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

  #reporterFor(prediction: Prediction, { trace }: StartOptions): Reporter | null {
    const { webhook, events } = prediction.call;
    if (webhook === null) return null;
    const { webhookAuthToken, webhookIntervalMs, userAgent } = this.#settings;
    return new Reporter({
      outbound: this.#outbound,
      url: webhook,
      events,
      intervalMs: webhookIntervalMs,
      headers: {
        'user-agent': `cog-worker/${COG_VERSION}${userAgent ? ` ${userAgent}` : ''}`,
        ...(webhookAuthToken && { authorization: `Bearer ${webhookAuthToken}` }),
        ...trace,
      },
      body: () => webhookBody(prediction),
      log: (text) => this.#print(linesOf(text)),
    });
  }

  /** As B does: a sync answer always holds its files. */
  #publisherFor(call: PredictionCall, mode: Mode): Publish {
    if (mode === 'sync') return asDataUrl;
    const { uploadUrl } = this.#settings;
    return uploadUrl === null ? asLocalPath : asUpload(this.#outbound, uploadUrl, call.id);
  }
}

interface LazyFolder {
  readonly path: string;
  readonly remove: (print: (text: string) => void) => void;
}

/** Made on first use, because most predictions of most models need none. */
function lazyFolder(): LazyFolder {
  let made: string | undefined;
  return {
    get path() {
      made ??= mkdtempSync(join(tmpdir(), 'prediction-'));
      return made;
    },
    remove(print) {
      if (made === undefined) return;
      rm(made, { recursive: true, force: true }).catch((error: unknown) =>
        print(`could not remove ${made}: ${messageOf(error)}\n`),
      );
    },
  };
}
