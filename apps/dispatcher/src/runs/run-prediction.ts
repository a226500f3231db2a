import type { CogReport } from '@hearth/contract';
import type { Ticket, TicketOutcome } from '@hearth/queue';
import type { PredictionRow } from '@hearth/store';
import type { Context } from '../context.ts';
import { MAX_TIMER_MS } from '../deadlines.ts';
import type { Attachment, Consumers } from '../intake/consumers.ts';
import { breaksInstance, type Health } from '../intake/health.ts';
import { containerInput } from '../model/inputs.ts';
import type { StartAnswer } from '../model/model-client.ts';
import { createOutputFiles } from '../model/outputs.ts';
import { checkKept, openSecrets, SecretGone, type Secrets } from '../model/secrets.ts';
import { pause } from '../pause.ts';
import { createDeltaTeller, extentOf } from './deltas.ts';
import { createHolds } from './holds.ts';
import { createProgressWriter } from './progress.ts';
import { reportUrl } from './report-url.ts';
import { cogIdOf, type Ending, Run, type Stop } from './runs.ts';
import { settle } from './settle.ts';
import { createStop, inWords, tellCancel } from './stop.ts';

/** Drives predictions, each from its first byte to its last. */
export interface Runner {
  /** Runs the prediction of a ticket on this instance; resolves when the instance's slot is free again. */
  take(attachment: Attachment, ticket: Ticket): Promise<TicketOutcome>;
  /**
   * Waits for the end of a run that an earlier dispatcher had claimed; resolves when its slot is free again. `isTaken`: it
   * had noted that the container took it.
   */
  resume(attachment: Attachment, row: PredictionRow, left: { secrets: Secrets; isTaken: boolean }): Promise<void>;
  /** A report of the container. Resolves with whether it need not be sent again. */
  hear(run: Run, report: CogReport): Promise<boolean>;
  /** Cancels it in the container, which has a grace period to obey. */
  stop(run: Run, stop: Stop): void;
}

const NONE: ReadonlySet<string> = new Set();

/** A run that ends within this time is told of once, by its end. */
const STARTED_NOTICE_MS = 10;

/**
 * Between tries at a container that says it is full. It frees a slot a moment after its last report was taken, so the
 * first tries come fast; after the last, another instance may have the prediction.
 */
const BUSY_PAUSES_MS = [5, 10, 20, 40, 80, 160];

export function createRunner(context: Context, consumers: Consumers, health: Health): Runner {
  const { store, bus, log, now, timings, runs, usage, closing } = context;

  const begin = (attachment: Attachment, row: PredictionRow): Run => {
    const outputs = createOutputFiles({ id: row.id, accountId: row.accountId }, context);
    const progress = (run: Run) => createProgressWriter(() => writeProgress(context, run), timings.progressMs);
    const deltas = (run: Run) => createDeltaTeller(row, () => run.merged, { outputs, bus });
    const run = new Run({
      row,
      attachment,
      outputs,
      deltas,
      progress,
      webhooks: context.runningWebhooks.of(row),
      now: now(),
      ticksAt: (at) => context.monotonicMs() - (now() - at),
    });
    run.maxLogChars = context.limits.logChars;
    runs.add(run);
    usage.touch(attachment.instance.id, now());
    return run;
  };

  const conclude = async (run: Run): Promise<void> => {
    const ending = await run.ended;
    for (const timer of [run.startedTimer, run.timeoutTimer, run.graceTimer, run.holdTimer]) clearTimeout(timer);
    run.abort.abort();
    await run.progress.stop();
    run.webhooks.stop();
    // Before what it gives back can be taken again.
    if (run.serverFault !== null) consumers.markUnhealthy(run.attachment, "its server's worker died");
    const settled = await settle(context, run, ending);
    runs.remove(run);
    if (settled.kind === 'leave') return;
    usage.freed(run.attachment.instance.id, run.cogId, now());
    await rest(run, settled);
    // A draining instance may just have given up the last that it held.
    if (run.attachment.intake !== 'open') context.look();
  };

  /** What an instance needs before it takes the next. */
  const rest = async ({ attachment, merged }: Run, ending: Exclude<Ending, { kind: 'leave' }>): Promise<void> => {
    if (ending.kind === 'giveBack') {
      if (ending.rest) await pause(timings.restMs, closing);
    } else if (ending.unhealthy !== undefined) {
      consumers.markUnhealthy(attachment, ending.unhealthy);
    } else if (merged.status === 'failed') {
      await health.check(attachment);
    }
  };

  const stop = createStop(context);

  const limitTime = (run: Run, sinceMs: number): void => {
    const [what, limitMs] =
      run.row.kind === 'training'
        ? ['Training', timings.trainingTimeoutMs]
        : ['Prediction', timings.predictionTimeoutMs];
    const leftMs = Math.max(0, sinceMs + limitMs - now());
    const error = `${what} timed out after ${inWords(limitMs)}.`;
    clearTimeout(run.timeoutTimer);
    run.timeoutTimer = setTimeout(() => stop(run, { status: 'failed', error }), Math.min(leftMs, MAX_TIMER_MS));
  };

  const holds = createHolds(context, stop);

  const openSecretsOf = async (run: Run): Promise<void> => {
    const { row, attachment } = run;
    const fields = attachment.fields[row.kind].secrets;
    if (!Object.keys(row.input).some((name) => fields.has(name))) return;
    const sealed = (await store.sealedInputs.of([row.id])).get(row.id) ?? {};
    checkKept(row, fields, sealed);
    run.secrets = openSecrets(sealed, row.id, context.sealer);
  };

  const start = async (run: Run): Promise<StartAnswer | null> => {
    if (!(await holds.covers(run))) return null;
    const { instance, client } = run.attachment;
    const callbackBase = context.callbackBase(instance);
    const nowSeconds = Math.floor(now() / 1_000);
    await openSecretsOf(run);
    const input = await containerInput(run.secrets.revealed(run.row.input), {
      ...context,
      callbackBase,
      accountId: run.row.accountId,
      cogId: run.cogId,
      // A process stands beside our stores; a container has a network of its own.
      throughUs: instance.runtime === 'process' ? run.attachment.fields[run.row.kind].files : NONE,
      nowSeconds,
    });
    const request = {
      id: run.cogId,
      input,
      webhook: reportUrl(callbackBase, instance.id, run.cogId, context.signer, nowSeconds),
      webhook_events_filter: run.attachment.events,
      ...(run.attachment.takesContext && { context: contextOf(run.row) }),
    };
    for (const pauseMs of [...BUSY_PAUSES_MS, null]) {
      if (run.isOver || closing.aborted) return null;
      run.sentAt = now();
      limitTime(run, run.sentAt);
      holds.watch(run, run.sentAt);
      run.answering = client.start(request, run.abort.signal, run.row.kind);
      const answer = await run.answering;
      run.answering = null;
      if (answer.kind !== 'busy') return answer;
      run.sentAt = null;
      if (pauseMs === null || closing.aborted) return answer;
      await pause(pauseMs, closing);
    }
    return null;
  };

  const note = (run: Run): void => {
    if (run.isNoted) return;
    run.isNoted = true;
    usage.took(run.attachment.instance.id, run.cogId, now());
  };

  const send = async (run: Run): Promise<void> => {
    try {
      const answer = await start(run);
      if (answer && !run.isOver) await heed(run, answer);
    } catch (error) {
      if (error instanceof SecretGone)
        return run.end({ kind: 'finish', status: 'failed', error: error.message }, now());
      log.error({ err: error, predictionId: run.row.id }, 'could not send a prediction');
      run.end({ kind: 'giveBack', lost: run.sentAt !== null, rest: true, why: 'it could not be sent' }, now());
    }
  };

  const heed = async (run: Run, answer: StartAnswer): Promise<void> => {
    const { attachment } = run;
    switch (answer.kind) {
      case 'accepted':
        run.startedAt ??= now();
        run.lastHeardAt = now();
        note(run);
        // A cancel that overtook the start found nothing to cancel.
        if (run.stop) await tellCancel(run);
        return;
      case 'ended':
        return run.hear(answer.report, now());
      case 'busy':
        return run.end({ kind: 'giveBack', lost: false, rest: true, why: 'its instance had no free slot' }, now());
      case 'invalid':
        return run.end({ kind: 'finish', status: 'failed', error: answer.error }, now());
      case 'unreached':
        bus.poke('scheduler');
        return run.end(
          { kind: 'giveBack', lost: false, rest: true, why: `its instance could not be reached (${answer.error})` },
          now(),
        );
      case 'torn':
        // It may run, or its instance may be going down with it: the scheduler will know, or the instance says so.
        run.doubt = 'torn';
        bus.poke('scheduler');
        return health.check(attachment);
      case 'broken': {
        const status = await attachment.client.health();
        if (status === null || !breaksInstance(status))
          return run.end({ kind: 'finish', status: 'failed', error: answer.error }, now());
        consumers.markUnhealthy(attachment, `its server reports ${status}`);
        return run.end(
          { kind: 'giveBack', lost: true, rest: false, why: `its instance's server reported ${status}` },
          now(),
        );
      }
    }
  };

  return {
    async take(attachment, ticket) {
      if (closing.aborted || attachment.intake !== 'open') return { kind: 'later', delayMs: 0 };
      if (!context.isLeading()) return { kind: 'later', delayMs: timings.restMs };
      const row = await store.predictions.claim(ticket, attachment.instance, now());
      // Stale, over, canceled or taken: whoever made it so sees to it.
      if (!row) return { kind: 'done' };
      // A Postgres that was killed had forgotten this claim. Its run goes on, and has it back.
      if (runs.get(cogIdOf(row.id, row.attempt))) return { kind: 'done' };
      const run = begin(attachment, row);
      // Claimed while this dispatcher was closing: nobody would wait for it.
      if (closing.aborted) run.end({ kind: 'giveBack', lost: false, rest: false, why: 'the dispatcher closed' }, now());
      else run.startedTimer = setTimeout(() => bus.announce({ id: row.id, kind: 'started' }), STARTED_NOTICE_MS);
      run.webhooks.started();
      void send(run);
      await conclude(run);
      return { kind: 'done' };
    },
    async resume(attachment, row, { secrets, isTaken }) {
      const run = begin(attachment, row);
      if (isTaken) note(run);
      run.secrets = secrets;
      run.doubt = 'adopted';
      run.sentAt = run.startedAt = row.startedAt ?? now();
      run.merged = { ...run.merged, output: row.output, logs: row.logs };
      limitTime(run, run.startedAt);
      holds.watch(run, run.startedAt);
      await conclude(run);
    },
    async hear(run, report) {
      run.hear(report, now());
      if (run.isOver) return run.kept;
      note(run);
      run.deltas.tell();
      run.progress.trigger();
      return true;
    },
    stop,
  };
}

/** What a model may know of its prediction beside the input. Nothing secret: it is the user's code that reads it. */
const contextOf = ({ id, model, attempt }: PredictionRow): Readonly<Record<string, string>> => ({
  prediction_id: id,
  model,
  attempt: String(attempt),
});

async function writeProgress({ store, bus, log }: Context, run: Run): Promise<void> {
  const { row, merged, startedAt } = run;
  try {
    const output = await run.outputs.resolve(merged.output);
    const change = {
      ...(output !== null && { output }),
      logs: merged.logs,
      ...(startedAt !== null && { startedAt }),
    };
    if (!(await store.predictions.progress(row.id, row.attempt, change))) return;
    bus.announce({ id: row.id, kind: 'progress', extent: extentOf(row.attempt, merged) });
    run.webhooks.progressed();
  } catch (error) {
    // The next report, or the end, says all of it again.
    log.warn({ err: error, predictionId: row.id }, 'could not write partial output');
  }
}
