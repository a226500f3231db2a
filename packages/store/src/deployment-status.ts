import type { Millis } from '@hearth/core';
import { sql } from 'kysely';
import { STATUS } from './columns.ts';
import type { Database } from './database.ts';
import type { DeploymentStatusRow, Deployments } from './store.ts';
import { atOrNull, foreignJson, foreignTextOrNull } from './values.ts';

/** Why deployments wait, and who fails with them. */
export const createStatuses = (db: Database): Pick<Deployments, 'setStatus' | 'status' | 'failing'> => ({
  setStatus: (rows) => setStatus(db, rows),

  async status(id) {
    const status = db.selectFrom('deployment_status').select(STATUS).where('deployment_id', '=', id);
    return (await status.executeTakeFirst()) ?? null;
  },

  failing: () => failing(db),
});

async function setStatus(db: Database, rows: readonly DeploymentStatusRow[]): Promise<void> {
  if (rows.length === 0) return;
  const values = rows.map((row) => ({
    deployment_id: row.deploymentId,
    blocked_reason: row.blockedReason,
    blocked_detail: foreignTextOrNull(row.blockedDetail),
    failure: row.failure && foreignJson(row.failure),
    consecutive_failures: row.consecutiveFailures,
    retry_at: atOrNull(row.retryAt),
    fail_waiting_until: atOrNull(row.failWaitingUntil),
  }));
  await db
    .insertInto('deployment_status')
    .values(values)
    .onConflict((conflict) =>
      conflict.column('deployment_id').doUpdateSet((eb) => ({
        blocked_reason: eb.ref('excluded.blocked_reason'),
        blocked_detail: eb.ref('excluded.blocked_detail'),
        failure: eb.ref('excluded.failure'),
        consecutive_failures: eb.ref('excluded.consecutive_failures'),
        retry_at: eb.ref('excluded.retry_at'),
        fail_waiting_until: eb.ref('excluded.fail_waiting_until'),
      })),
    )
    .execute();
}

/** How long after a removal a prediction can still come in: its insert had seen the deployment standing. */
const STRAGGLER_MS = 3_600_000;

async function failing(db: Database): Promise<DeploymentStatusRow[]> {
  const failed = await db
    .selectFrom('deployment_status')
    .innerJoin('deployments', 'deployments.id', 'deployment_status.deployment_id')
    .select(STATUS)
    // What failed before the newest release fails nobody who waits for that one.
    .where(sql<boolean>`to_timestamp((failure ->> 'at')::float8 / 1000) >= deployments.released_at`)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('predictions')
          .select('predictions.id')
          .whereRef('predictions.deployment_id', '=', 'deployment_status.deployment_id')
          .where('predictions.status', '=', 'starting')
          .whereRef('predictions.created_at', '<', 'deployment_status.fail_waiting_until'),
      ),
    )
    .execute();
  const removed = await db
    .selectFrom('deployments')
    .select(['deployments.id', 'deployments.removed_at as removedAt'])
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('predictions')
          .select('predictions.id')
          .whereRef('predictions.deployment_id', '=', 'deployments.id')
          .where('predictions.status', '=', 'starting'),
      ),
    )
    .where('deployments.removed_at', 'is not', null)
    .execute();
  return [...failed, ...removed.map(({ id, removedAt }) => statusOfRemoved(id, removedAt ?? 0))];
}

/** A prediction that came in while its deployment was being removed would wait for ever. */
function statusOfRemoved(deploymentId: string, removedAt: Millis): DeploymentStatusRow {
  return {
    deploymentId,
    blockedReason: 'removed',
    blockedDetail: 'The deployment was removed.',
    failure: {
      kind: 'lost',
      phase: null,
      message: 'the deployment was removed while this prediction was coming in',
      logTail: '',
      exitCode: null,
      at: removedAt,
    },
    consecutiveFailures: 0,
    retryAt: null,
    failWaitingUntil: removedAt + STRAGGLER_MS,
  };
}
