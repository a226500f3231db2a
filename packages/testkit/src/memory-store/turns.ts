import { joinQueue, MAX_PRIORITY, REBASE_AT, TICKS_PER_MS, TICKS_PER_STEP, type Turn } from '@hearth/core';
import type { NewPrediction } from '@hearth/store';
import type { StoredPrediction, Tables } from './tables.ts';

/** Waits in its queue for the first time. */
const isInLine = ({ status, attempt, held }: StoredPrediction): boolean =>
  status === 'starting' && attempt === 0 && !held;

/** In the order of the queue. */
const lineOf = ({ predictions }: Tables, deploymentId: string): StoredPrediction[] =>
  predictions
    .all()
    .filter((row) => row.deploymentId === deploymentId && isInLine(row))
    .toSorted((a, b) => a.priority - b.priority);

/** Where one that joins now stands: core's {@link joinQueue}, which the store says in SQL. */
export function placeIn(
  tables: Tables,
  { deploymentId, accountId, createdAt }: Pick<NewPrediction, 'deploymentId' | 'accountId' | 'createdAt'>,
): Turn {
  const turns = tables.predictions
    .all()
    .filter((row) => row.deploymentId === deploymentId && row.accountId === accountId)
    .map(({ turn }) => turn);
  return joinQueue({
    head: lineOf(tables, deploymentId)[0] ?? null,
    last: turns.length === 0 ? null : Math.max(...turns),
    weight: tables.accounts.get(accountId)?.weight ?? 1,
    now: createdAt * TICKS_PER_MS,
  });
}

/** Takes what has passed off the priorities of queues that have come far; answers of how many predictions. */
export function rebase(tables: Tables): number {
  let rebased = 0;
  for (const { id } of tables.deployments.all()) {
    const line = lineOf(tables, id);
    const [head] = line;
    if (head === undefined || head.priority <= REBASE_AT) continue;
    for (const row of line) {
      const steps = Math.floor(row.turn / TICKS_PER_STEP) - Math.floor(head.turn / TICKS_PER_STEP);
      const priority = Math.min(MAX_PRIORITY, 2 * Math.max(0, steps) + (row.priority % 2));
      tables.predictions.put({ ...row, priority });
      rebased++;
    }
  }
  return rebased;
}
