import type { Millis } from '@hearth/core';
import { newId } from '@hearth/kit';
import { sql } from 'kysely';
import { DEPLOYMENT } from './columns.ts';
import type { Connection, Database } from './database.ts';
import { createStatuses } from './deployment-status.ts';
import { createKeepWarm } from './keep-warm.ts';
import { byId, keysetPage } from './keyset.ts';
import { CONCERNED, createOverview } from './observe.ts';
import { prepared } from './prepared.ts';
import { createRecentWork } from './recent-work.ts';
import { createReleases, recordRelease } from './releases.ts';
import type { DeploymentRow, DeploymentScale, Deployments } from './store.ts';
import { at, json } from './values.ts';

export function createDeployments(connection: Connection, now: () => number): Deployments {
  const { db } = connection;
  const standing = () => db.selectFrom('deployments').select(DEPLOYMENT).where('removed_at', 'is', null);
  const implicitOf = prepared(connection, 'implicit_deployment', (versionId: string, mode: string) =>
    standing()
      .where('version_id', '=', versionId)
      .where(sql<string>`deployments.mode`, '=', mode)
      .where('implicit', '=', true),
  );

  return {
    insert: (row) =>
      db.transaction().execute(async (transaction) => {
        await holdVersion(transaction, row.versionId);
        const made = await transaction
          .insertInto('deployments')
          .values(newRow({ ...row, implicit: false, mode: 'predict' }, now()))
          .onConflict((conflict) =>
            conflict
              .columns(['owner', 'name'])
              .where('implicit', '=', false)
              .where('removed_at', 'is', null)
              .doNothing(),
          )
          .returning(DEPLOYMENT)
          .executeTakeFirst();
        if (made) await recordRelease(transaction, made, null);
        return made ?? 'taken';
      }),

    async ensureImplicit({ id: versionId, modelId, owner, name }, scale, mode = 'predict') {
      // Looked up first: it stands at every prediction but a version's first.
      const known = await implicitOf(versionId, mode);
      if (known) return known;
      await db.transaction().execute(async (transaction) => {
        await holdVersion(transaction, versionId);
        await transaction
          .insertInto('deployments')
          .values(newRow({ ...scale, owner, name, modelId, versionId, implicit: true, mode }, now()))
          .onConflict((conflict) =>
            // A version that was removed and added again has its old one.
            conflict
              .columns(['version_id', 'mode'])
              .where('implicit', '=', true)
              .doUpdateSet({ removed_at: null, queue_removed_at: null, released_at: at(now()) })
              .where('deployments.removed_at', 'is not', null),
          )
          .execute();
      });
      const kept = await implicitOf(versionId, mode);
      if (!kept) throw new Error(`the implicit deployment of version ${versionId} was removed while it was being made`);
      return kept;
    },

    byName: prepared(connection, 'deployment_by_name', (owner: string, name: string) =>
      standing().where('owner', '=', owner).where('name', '=', name).where('implicit', '=', false),
    ),

    get: prepared(connection, 'deployment', (id: string) => standing().where('id', '=', id)),

    list({ owner, ...page }) {
      let query = standing().where('implicit', '=', false);
      if (owner !== undefined) query = query.where('owner', '=', owner);
      return keysetPage(query, byId('deployments.id'), page);
    },

    update: (id, change, { by, restores } = {}) =>
      db.transaction().execute(async (transaction) => {
        if (change.versionId !== undefined) await holdVersion(transaction, change.versionId);
        const updated = await transaction
          .updateTable('deployments')
          .set({
            ...scaleColumns(change),
            release: sql`release + 1`,
            released_at: at(now()),
            released_by: by ?? sql`owner`,
          })
          .where('id', '=', id)
          .where('removed_at', 'is', null)
          .returning(DEPLOYMENT)
          .executeTakeFirst()
          .catch(orMinAboveMax);
        if (updated) await recordRelease(transaction, updated, restores ?? null);
        return updated ?? null;
      }),

    ...createReleases(db),

    async remove(id) {
      const { numUpdatedRows } = await db
        .updateTable('deployments')
        .set({ removed_at: at(now()) })
        .where('id', '=', id)
        .where('removed_at', 'is', null)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('predictions')
                .select('predictions.id')
                .whereRef('predictions.deployment_id', '=', 'deployments.id')
                .where('predictions.status', 'in', ['starting', 'processing']),
            ),
          ),
        )
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },

    implicitOf: (modelId) => standing().where('model_id', '=', modelId).where('implicit', '=', true).execute(),

    async queuesLeft(limit) {
      const rows = await db
        .selectFrom('deployments')
        .select('id')
        .where('removed_at', 'is not', null)
        .where('queue_removed_at', 'is', null)
        .where((eb) => eb.not(CONCERNED))
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id }) => id);
    },

    keepWarm: createKeepWarm(db),

    async queueRemoved(id) {
      const removed = db.updateTable('deployments').set({ queue_removed_at: at(now()) });
      // One whose version came back meanwhile has its queue again.
      await removed.where('id', '=', id).where('removed_at', 'is not', null).execute();
    },

    ...createStatuses(db),

    recentWork: createRecentWork(connection),

    overview: createOverview(connection),
  };
}

/** A change that would leave a deployment with a minimum above its maximum, as it is by now. */
export class MinAboveMax extends Error {
  override readonly name = 'MinAboveMax';
  constructor(cause: unknown) {
    super('min_instances would be more than max_instances', { cause });
  }
}

function orMinAboveMax(error: unknown): never {
  const broken = error instanceof Error && 'constraint' in error ? error.constraint : null;
  throw broken === 'deployments_check' ? new MinAboveMax(error) : error;
}

/** The version was removed, or never was. */
export class VersionGone extends Error {
  override readonly name = 'VersionGone';
  constructor(id: string) {
    super(`there is no version ${id}`);
  }
}

/** Keeps the version from being removed until the transaction ends. @throws VersionGone */
async function holdVersion(transaction: Database, id: string): Promise<void> {
  const held = transaction.selectFrom('versions').select('id').where('id', '=', id).where('removed_at', 'is', null);
  if (!(await held.forShare().executeTakeFirst())) throw new VersionGone(id);
}

function newRow(
  row: Pick<DeploymentRow, 'owner' | 'name' | 'implicit' | 'mode' | 'modelId'> & DeploymentScale & { by?: string },
  createdAt: Millis,
) {
  return {
    id: newId(createdAt),
    owner: row.owner,
    name: row.name,
    implicit: row.implicit,
    mode: row.mode,
    model_id: row.modelId,
    model: sql<string>`(select owner || '/' || name from models where id = ${row.modelId})`,
    version_id: row.versionId,
    hardware_sku: row.hardwareSku,
    min_instances: row.minInstances,
    max_instances: row.maxInstances,
    keep_alive: json(row.keepAlive),
    release: 1,
    released_at: at(createdAt),
    released_by: row.by ?? row.owner,
    created_at: at(createdAt),
  };
}

/** Only what the change names. */
function scaleColumns(change: Partial<DeploymentScale>) {
  return {
    ...(change.versionId !== undefined && { version_id: change.versionId }),
    ...(change.hardwareSku !== undefined && { hardware_sku: change.hardwareSku }),
    ...(change.minInstances !== undefined && { min_instances: change.minInstances }),
    ...(change.maxInstances !== undefined && { max_instances: change.maxInstances }),
    ...(change.keepAlive !== undefined && { keep_alive: json(change.keepAlive) }),
  };
}
