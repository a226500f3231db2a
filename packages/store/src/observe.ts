import type { Demand } from '@hearth/core';
import { sql, type Transaction } from 'kysely';
import { DEPLOYMENT, HARDWARE, HOST, INSTANCE, STATUS } from './columns.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';
import type { DeploymentOverview, DeploymentStatusRow, Observation } from './store.ts';

type Snapshot = Transaction<Schema>;
const NO_DEMAND: Demand = { waiting: 0, inFlight: 0, oldestWaitingAt: null };

/** Every query of `read` sees the same instant. */
const inOneSnapshot = <T>(db: Database, read: (snapshot: Snapshot) => Promise<T>): Promise<T> =>
  db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(read);

/** What one cycle of the scheduler looks at. */
export function observe(db: Database): Promise<Observation> {
  return inOneSnapshot(db, async (snapshot) => {
    const demands = await demandByDeployment(snapshot);
    const instances = await liveWithConsumers(snapshot)
      .select(INSTANCE)
      .select(['consumers.last_used_at as lastUsedAt', sql<boolean>`coalesce(intake_closed, false)`.as('intakeClosed')])
      .execute();
    const concerned = [...demands.keys(), ...instances.map((instance) => instance.deploymentId)];
    const deployments = await withVersionAndStatus(snapshot)
      .where('deployments.removed_at', 'is', null)
      .where(({ or, eb }) =>
        or([
          sql<boolean>`deployments.id = any(${concerned})`,
          eb('deployments.min_instances', '>', 0),
          eb('deployment_status.blocked_reason', 'is not', null),
          eb('deployment_status.consecutive_failures', '>', 0),
        ]),
      )
      .execute();
    const hosts = await snapshot.selectFrom('hosts').select(HOST).orderBy('id').execute();
    const hardware = await snapshot.selectFrom('hardware').select(HARDWARE).orderBy('sku').execute();
    return {
      deployments: deployments.map((row) => {
        const { deployment, slots, runtime, status } = parted(row);
        return { ...deployment, slots, runtime, status, demand: demands.get(deployment.id) ?? NO_DEMAND };
      }),
      instances,
      hosts,
      hardware,
    };
  });
}

/** What an operator looks at: users' deployments, each model's newest implicit one, and any that holds something. */
export function overview(db: Database): Promise<DeploymentOverview[]> {
  return inOneSnapshot(db, async (snapshot) => {
    const demands = await demandByDeployment(snapshot);
    const instances = await liveWithConsumers(snapshot).select(INSTANCE).execute();
    const concerned = [...demands.keys(), ...instances.map((instance) => instance.deploymentId)];
    const deployments = await withVersionAndStatus(snapshot)
      .where(({ or, and, eb }) =>
        or([
          sql<boolean>`deployments.id = any(${concerned})`,
          and([eb('deployments.implicit', '=', false), eb('deployments.removed_at', 'is', null)]),
          eb('deployments.id', 'in', (newest) =>
            newest
              .selectFrom('deployments')
              .distinctOn('model_id')
              .select('id')
              .where('implicit', '=', true)
              .orderBy('model_id')
              .orderBy('id', 'desc'),
          ),
        ]),
      )
      .execute();
    const byDeployment = Map.groupBy(instances, (instance) => instance.deploymentId);
    return deployments.map((row) => {
      const { deployment, slots, status } = parted(row);
      return {
        deployment,
        slots,
        status,
        demand: demands.get(deployment.id) ?? NO_DEMAND,
        instances: byDeployment.get(deployment.id) ?? [],
      };
    });
  });
}

async function demandByDeployment(snapshot: Snapshot): Promise<Map<string, Demand>> {
  const rows = await snapshot
    .selectFrom('predictions')
    .select([
      'deployment_id as deploymentId',
      sql<number>`count(*) filter (where status = 'starting')`.as('waiting'),
      sql<number>`count(*) filter (where status = 'processing')`.as('inFlight'),
      sql<number | null>`min(created_at) filter (where status = 'starting')`.as('oldestWaitingAt'),
    ])
    .where('status', 'in', ['starting', 'processing'])
    .groupBy('deployment_id')
    .execute();
  return new Map(rows.map(({ deploymentId, ...demand }) => [deploymentId, demand]));
}

/** Instances that are neither stopped nor failed, with what the dispatcher said about them and how much they hold. */
const liveWithConsumers = (snapshot: Snapshot) =>
  snapshot
    .selectFrom('instances')
    .leftJoin('consumers', 'consumers.instance_id', 'instances.id')
    .select(['consumers.unhealthy', inFlight])
    .where('instances.state', 'not in', ['stopped', 'failed'])
    .orderBy('instances.id');

/** Predictions that an instance holds: derived, so that no count can drift. */
export const inFlight = sql<number>`(
  select count(*) from predictions where predictions.instance_id = instances.id and predictions.status = 'processing'
)`.as('inFlight');

const withVersionAndStatus = (snapshot: Snapshot) =>
  snapshot
    .selectFrom('deployments')
    .innerJoin('versions', 'versions.id', 'deployments.version_id')
    .leftJoin('deployment_status', 'deployment_status.deployment_id', 'deployments.id')
    .select(DEPLOYMENT)
    .select(STATUS)
    .select(['versions.slots', 'versions.runtime'])
    .orderBy('deployments.id');

type Joined = Awaited<ReturnType<ReturnType<typeof withVersionAndStatus>['execute']>>[number];

function parted(row: Joined) {
  const { slots, runtime, deploymentId, consecutiveFailures, ...rest } = row;
  const { blockedReason, blockedDetail, failure, retryAt, failWaitingUntil, ...deployment } = rest;
  const status: DeploymentStatusRow | null =
    deploymentId === null
      ? null
      : {
          deploymentId,
          blockedReason,
          blockedDetail,
          failure,
          consecutiveFailures: consecutiveFailures ?? 0,
          retryAt,
          failWaitingUntil,
        };
  return { deployment, slots, runtime, status };
}
