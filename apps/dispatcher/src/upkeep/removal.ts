import type { Millis } from '@hearth/core';
import type { Context, Timings } from '../context.ts';
import { removeLitter } from './litter.ts';

const HOUR_MS = 3_600_000;
/** Predictions emptied by one statement, and files whose rows go with one. */
const BATCH = 200;
const REMOVALS_AT_ONCE = 8;
/** Looking for bytes that nothing knows means listing all that there are. */
const LITTER_EVERY_MS = 6 * HOUR_MS;
/** Bytes come before their row: what is younger may still get one. */
const LITTER_AGE_MS = 24 * HOUR_MS;

export type RemovalTerms = Pick<Timings, 'retentionMs' | 'predictionTimeoutMs' | 'trainingTimeoutMs'>;

/** What is to be removed, by when it happened: all that came before. */
export interface DueForRemoval {
  /** Null: the data of predictions is kept. */
  readonly predictionsEndedBefore: Millis | null;
  /** Outputs that belong to no run that could still be going on. */
  readonly leftoversMadeBefore: Millis;
  readonly litterWrittenBefore: Millis;
}

export function dueForRemoval(now: Millis, terms: RemovalTerms): DueForRemoval {
  const longestRunMs = Math.max(terms.predictionTimeoutMs, terms.trainingTimeoutMs);
  return {
    predictionsEndedBefore: terms.retentionMs === null ? null : now - terms.retentionMs,
    leftoversMadeBefore: now - longestRunMs - HOUR_MS,
    litterWrittenBefore: now - Math.max(LITTER_AGE_MS, longestRunMs),
  };
}

/** Removes data whose time has come. Overlapping calls are the caller's to avoid. */
export interface Removal {
  run(): Promise<void>;
}

export function createRemoval(context: Context): Removal {
  let litterAt: Millis | null = null;
  return {
    async run() {
      const now = context.now();
      const due = dueForRemoval(now, context.timings);
      const steps = [
        () => emptyPredictions(context, due, now),
        () => removeExpired(context, now),
        () => removeSecrets(context, now),
      ];
      if (litterAt === null || now - litterAt >= LITTER_EVERY_MS) {
        litterAt = now;
        steps.unshift(() => removeLitter(context, due, now));
      }
      for (const step of steps) {
        if (context.closing.aborted) return;
        try {
          await step();
        } catch (error) {
          context.log.error({ err: error }, 'could not remove data; the next round makes up for it');
        }
      }
    },
  };
}

/** The record first: from the statement that empties it on, its files are gone for everybody but for this room. */
async function emptyPredictions({ store, log, closing }: Context, due: DueForRemoval, now: Millis): Promise<void> {
  if (due.predictionsEndedBefore === null) return;
  let total = 0;
  for (let emptied = BATCH; emptied === BATCH && !closing.aborted; total += emptied) {
    emptied = await store.retention.emptyPredictions(due.predictionsEndedBefore, now, BATCH);
  }
  if (total > 0) log.info({ predictions: total }, 'removed the data of predictions past their time');
}

/** An api puts them moments before the prediction that they belong to. */
async function removeSecrets({ store }: Context, now: Millis): Promise<void> {
  await store.sealedInputs.removeOver(now - HOUR_MS);
}

/** Bytes, then the row: a row without bytes is met again by the next round, bytes without a row by nobody for a day. */
async function removeExpired({ store, blobs, log, closing }: Context, now: Millis): Promise<void> {
  let [after, total]: [string | null, number] = [null, 0];
  for (;;) {
    const ids: string[] = await store.retention.expiredFiles(now, after, BATCH);
    const gone: string[] = [];
    for (let at = 0; at < ids.length; at += REMOVALS_AT_ONCE) {
      const some = ids.slice(at, at + REMOVALS_AT_ONCE);
      const removed = await Promise.allSettled(some.map((id) => blobs.remove(id)));
      for (const [index, id] of some.entries()) {
        const result = removed[index];
        if (result?.status === 'rejected') log.error({ err: result.reason, fileId: id }, 'could not remove a file');
        else gone.push(id);
      }
    }
    await store.retention.removeFiles(gone);
    total += gone.length;
    after = ids.at(-1) ?? null;
    if (ids.length < BATCH || closing.aborted) break;
  }
  if (total > 0) log.info({ files: total }, 'removed expired files');
}
