import type { CogReport } from '@hearth/contract';
import type { Millis } from '@hearth/core';
import type { PredictionRow } from '@hearth/store';
import type { Attachment } from '../intake/consumers.ts';
import { LIMITS } from '../limits.ts';
import { keptLog } from '../model/log-limit.ts';
import { isEnd, type MergedReport, mergeReport, NOTHING_REPORTED } from '../model/merge-report.ts';
import type { ModelClient, StartAnswer } from '../model/model-client.ts';
import type { OutputFiles } from '../model/outputs.ts';
import { NO_SECRETS, type Secrets } from '../model/secrets.ts';
import { isUploadCutOff, type ServerFault, serverFaultIn } from '../model/server-fault.ts';
import { createUploads, type Uploads } from '../model/uploads.ts';
import type { RunWebhooks } from '../webhooks/webhooks-run.ts';
import type { DeltaTeller } from './deltas.ts';
import type { ProgressWriter } from './progress.ts';

/** Why a run is being stopped before its time, and how it then ends. */
export interface Stop {
  readonly status: 'canceled' | 'failed';
  readonly error: string | null;
}

/** How a run ended. The first ending stands. */
export type Ending =
  | {
      readonly kind: 'finish';
      readonly status: 'succeeded' | 'failed' | 'canceled';
      readonly error: string | null;
      /** The end of its instance's log, where that went down with it. */
      readonly logTail?: string;
      /** Why its instance must take nothing more. */
      readonly unhealthy?: string;
      /** Its run was given up, and may have ended before. */
      readonly isUnheard?: boolean;
    }
  /** Back to the queue with the next attempt; `lost`: it may have run. `rest`: its instance needs a moment. */
  | { readonly kind: 'giveBack'; readonly lost: boolean; readonly rest: boolean; readonly why: string }
  /** This dispatcher ends; the row stays `processing` for the next one. */
  | { readonly kind: 'leave' };

export const cogIdOf = (predictionId: string, attempt: number): string => `${predictionId}-${attempt}`;

export interface NewRun {
  readonly row: PredictionRow;
  readonly attachment: Attachment;
  readonly outputs: OutputFiles;
  readonly deltas: (run: Run) => DeltaTeller;
  readonly progress: (run: Run) => ProgressWriter;
  readonly webhooks: RunWebhooks;
  readonly now: Millis;
  /** What a clock that nobody sets said at an instant of the wall clock. */
  readonly ticksAt: (at: Millis) => number;
}

/** One attempt at one prediction, held by one instance. */
export class Run {
  readonly row: PredictionRow;
  readonly attachment: Attachment;
  readonly outputs: OutputFiles;
  readonly uploads: Uploads;
  readonly deltas: DeltaTeller;
  readonly progress: ProgressWriter;
  readonly webhooks: RunWebhooks;
  readonly cogId: string;
  /** When the request that the container took was sent; null: none was. */
  get sentAt(): Millis | null {
    return this.#sentAt;
  }
  set sentAt(at: Millis | null) {
    this.#sentAt = at;
    this.#sentTicks = at === null ? null : this.#ticksAt(at);
  }
  /** When the container took it; null: not that we know. */
  startedAt: Millis | null = null;
  /** The start request is not answered yet. A server without the asynchronous mode answers it at the end. */
  answering: Promise<StartAnswer> | null = null;
  /** `torn`: the connection broke under the start request. `adopted`: an earlier dispatcher sent it, if it came to that. */
  doubt: 'torn' | 'adopted' | null = null;
  /** It is noted for the next dispatcher that the container took it. */
  isNoted = false;
  lastHeardAt: Millis;
  /** Since when its instance says that it is free; null when it last said otherwise. */
  freeSince: Millis | null = null;
  /** What is set aside for it, in millionths. */
  holdMicros: number;
  merged: MergedReport = NOTHING_REPORTED;
  secrets: Secrets = NO_SECRETS;
  maxLogChars = LIMITS.logChars;
  /** Why an input of its could not be fetched, which its model cannot know; null: they could. */
  notFetched: string | null = null;
  stop: Stop | null = null;
  /** What the container said to our last cancel. */
  cancelAnswer: Awaited<ReturnType<ModelClient['cancel']>> | null = null;
  startedTimer: NodeJS.Timeout | undefined;
  timeoutTimer: NodeJS.Timeout | undefined;
  holdTimer: NodeJS.Timeout | undefined;
  graceTimer: NodeJS.Timeout | undefined;
  endedAt: Millis | null = null;
  readonly ended: Promise<Ending>;
  /** Ends the start request of a server that is still answering it. */
  readonly abort = new AbortController();
  readonly #end: (ending: Ending) => void;
  readonly #ticksAt: NewRun['ticksAt'];
  #sentAt: Millis | null = null;
  #sentTicks: number | null = null;
  #endedTicks: number | null = null;
  #verdict = Promise.withResolvers<boolean>();

  constructor({ row, attachment, outputs, deltas, progress, webhooks, now, ticksAt }: NewRun) {
    this.row = row;
    this.attachment = attachment;
    this.outputs = outputs;
    this.deltas = deltas(this);
    this.progress = progress(this);
    this.webhooks = webhooks;
    this.cogId = cogIdOf(row.id, row.attempt);
    this.uploads = createUploads(attachment.instance.id);
    this.lastHeardAt = now;
    this.#ticksAt = ticksAt;
    this.holdMicros = row.holdMicros;
    const { promise, resolve } = Promise.withResolvers<Ending>();
    this.ended = promise;
    this.#end = resolve;
  }

  get isOver(): boolean {
    return this.endedAt !== null;
  }

  end(ending: Ending, now: Millis): void {
    if (this.isOver) return;
    this.endsAt(now);
    this.#end(ending);
  }

  /** Says when it ended, also where that turns out to have been earlier than it was taken to be. */
  endsAt(at: Millis): void {
    this.endedAt = at;
    this.#endedTicks = this.#ticksAt(at);
  }

  /**
   * How long it took from being sent to its end, as it is billed: by a clock that goes on evenly when the wall clock is
   * set. Null where it was not sent or has not ended.
   */
  get elapsedMs(): number | null {
    return this.#sentTicks === null || this.#endedTicks === null ? null : this.#endedTicks - this.#sentTicks;
  }

  /** Joins a report to what is known; after the end nothing changes any more. */
  hear(report: CogReport, now: Millis): void {
    if (this.isOver) return;
    this.lastHeardAt = now;
    this.freeSince = null;
    this.doubt = null;
    this.startedAt ??= this.sentAt;
    // coglet collects any output in a list, and says so in what it reports before the end.
    const early = this.attachment.comesWhole && !isEnd(report.status);
    this.merged = mergeReport(this.merged, {
      ...report,
      output: early ? null : this.uploads.named(report.output),
      logs: report.logs && this.#keptLog(report.logs, isEnd(report.status)),
    });
    if (isEnd(this.merged.status)) this.end(this.#endingBy(this.merged.status), now);
  }

  #keptLog(logs: string, whole: boolean): string {
    return keptLog(this.secrets.redacted(logs, whole), this.maxLogChars, whole);
  }

  #endingBy(status: 'succeeded' | 'failed' | 'canceled'): Ending {
    const { missing } = this.uploads;
    if (status === 'succeeded' && missing !== null) return { kind: 'finish', status: 'failed', error: missing };
    if (status === 'succeeded') return { kind: 'finish', status, error: null };
    // A model that is stopped for running too long may call that canceled or failed; it is our stop that counts.
    if (this.stop && (status === 'canceled' || this.stop.status === 'failed')) return { kind: 'finish', ...this.stop };
    if (status === 'canceled') return { kind: 'finish', status, error: null };
    if (this.serverFault === 'hadNoWorker')
      return { kind: 'giveBack', lost: true, rest: false, why: "its server's worker had died" };
    if (isUploadCutOff(this.merged.error ?? '', this.attachment.instance.id))
      return { kind: 'giveBack', lost: true, rest: true, why: 'its output file could not be handed over' };
    const why = this.notFetched ?? this.merged.error;
    return { kind: 'finish', status, error: why || 'The model failed and did not say why.' };
  }

  /** What its end says about its server; null: nothing. */
  get serverFault(): ServerFault | null {
    return this.merged.status === 'failed' ? serverFaultIn(this.merged.error ?? '') : null;
  }

  /** Whether the next try at storing the end succeeds. Asked by a container that waits for its last report to be kept. */
  get kept(): Promise<boolean> {
    return this.#verdict.promise;
  }

  /** Says how a try at storing the end went. */
  settle(kept: boolean): void {
    this.#verdict.resolve(kept);
    if (!kept) this.#verdict = Promise.withResolvers<boolean>();
  }
}

/** The runs in flight, by the id their container knows and by instance. */
export interface Runs {
  add(run: Run): void;
  remove(run: Run): void;
  get(cogId: string): Run | undefined;
  ofInstance(instanceId: string): readonly Run[];
  all(): readonly Run[];
}

/** `busy` is told of the first and the last run that an instance holds. */
export function createRuns(busy: { began(instanceId: string): void; ended(instanceId: string): void }): Runs {
  const byCogId = new Map<string, Run>();
  const byInstance = new Map<string, Set<Run>>();
  return {
    add(run) {
      byCogId.set(run.cogId, run);
      const { id } = run.attachment.instance;
      const held = byInstance.get(id) ?? new Set();
      if (held.size === 0) busy.began(id);
      byInstance.set(id, held.add(run));
    },
    remove(run) {
      byCogId.delete(run.cogId);
      const { id } = run.attachment.instance;
      const held = byInstance.get(id);
      if (!held?.delete(run) || held.size > 0) return;
      byInstance.delete(id);
      busy.ended(id);
    },
    get: (cogId) => byCogId.get(cogId),
    ofInstance: (instanceId) => [...(byInstance.get(instanceId) ?? [])],
    all: () => [...byCogId.values()],
  };
}
