import type { Demand, MeasuredVram } from '@hearth/core';
import { type InferResult, sql } from 'kysely';
import { DEPLOYMENT, HARDWARE, HOST, INSTANCE, STATUS } from './columns.ts';
import type { Connection, Database } from './database.ts';
import { createSnapshot } from './snapshot.ts';
import type { DeploymentOverview, DeploymentStatusRow, Observation } from './store.ts';

const NO_DEMAND: Demand = { waiting: 0, inFlight: 0, oldestWaitingAt: null };

/** Instances that hold resources. */
export const LIVE = sql<boolean>`instances.state not in ('stopped', 'failed')`;
const UNFINISHED = sql<boolean>`predictions.status in ('starting', 'processing')`;
/** Deployments that predictions or instances hold on to. */
export const CONCERNED = sql<boolean>`(
  exists (select from predictions where predictions.deployment_id = deployments.id and ${UNFINISHED})
  or exists (select from instances where instances.deployment_id = deployments.id and ${LIVE})
)`;

/** What one cycle of the scheduler looks at. */
export function createObserve(connection: Connection): () => Promise<Observation> {
  const { db } = connection;
  const read = createSnapshot(connection, {
    demands: demandByAccount(db),
    instances: liveInstances(db),
    deployments: withVersionAndStatus(db)
      .where(sql<boolean>`deployments.removed_at is null`)
      .where(
        sql<boolean>`(${CONCERNED} or deployments.min_instances > 0
          or deployment_status.blocked_reason is not null or deployment_status.consecutive_failures > 0
          or deployments.warm_until > now()
          or exists (select from use_histories where use_histories.deployment_id = deployments.id and expects))`,
      ),
    hosts: db.selectFrom('hosts').select(HOST).where('removed_at', 'is', null).orderBy('id'),
    hardware: db.selectFrom('hardware').select(HARDWARE).orderBy('sku'),
  });
  return async () => {
    const { demands, instances, deployments, hosts, hardware } = await read();
    const demandOf = demandByDeployment(demands);
    return {
      deployments: deployments.map((row) => {
        const { deployment, status, ...runs } = parted(row);
        return { ...deployment, ...runs, status, demand: demandOf.get(deployment.id) ?? NO_DEMAND };
      }),
      instances,
      hosts,
      hardware,
    };
  };
}

/** What an operator looks at: users' deployments, each model's newest implicit one, and any that holds something. */
export function createOverview(connection: Connection): () => Promise<DeploymentOverview[]> {
  const { db } = connection;
  const newestImplicit = sql`
    select distinct on (model_id) id from deployments where implicit and mode = 'predict' and removed_at is null order by model_id, id desc`;
  const read = createSnapshot(connection, {
    demands: demandByAccount(db),
    instances: liveInstances(db).select(releaseOf),
    deployments: withVersionAndStatus(db).where(
      sql<boolean>`(${CONCERNED} or (not deployments.implicit and deployments.removed_at is null)
        or deployments.id in (${newestImplicit}))`,
    ),
  });
  return async () => {
    const { demands, instances, deployments } = await read();
    const demandOf = demandByDeployment(demands);
    const instancesOf = Map.groupBy(instances, (instance) => instance.deploymentId);
    return deployments.map((row) => {
      const { deployment, slots, status, warmUntil } = parted(row);
      return {
        deployment,
        slots,
        status,
        warmUntil,
        demand: demandOf.get(deployment.id) ?? NO_DEMAND,
        instances: instancesOf.get(deployment.id) ?? [],
      };
    });
  };
}

/** What each account asks of each deployment. What is held asks for nothing yet. */
const demandByAccount = (db: Database) =>
  db
    .selectFrom((eb) =>
      eb
        .selectFrom('predictions')
        .select([
          'deployment_id as deploymentId',
          'account_id as accountId',
          sql<number>`count(*) filter (where status = 'starting')`.as('waiting'),
          sql<number>`count(*) filter (where status = 'processing')`.as('inFlight'),
          sql<number | null>`min(created_at) filter (where status = 'starting')`.as('oldestWaitingAt'),
        ])
        .where(UNFINISHED)
        .where(sql<boolean>`not held`)
        .groupBy(['deployment_id', 'account_id'])
        .as('asked'),
    )
    .leftJoin('accounts', 'accounts.id', 'asked.accountId')
    .selectAll('asked')
    .select(sql<number>`coalesce(accounts.weight, 1)`.as('weight'));

type AskedByAccount = InferResult<ReturnType<typeof demandByAccount>>[number];

/** What all accounts ask of each deployment, and how those that wait for it are served over all. */
function demandByDeployment(rows: readonly AskedByAccount[]): Map<string, Demand> {
  const served = new Map<string, number>();
  for (const { accountId, inFlight } of rows) served.set(accountId, (served.get(accountId) ?? 0) + inFlight);
  const demands = new Map<string, Demand>();
  for (const [deploymentId, asked] of Map.groupBy(rows, (row) => row.deploymentId)) {
    const waits = asked.flatMap(({ oldestWaitingAt }) => oldestWaitingAt ?? []);
    demands.set(deploymentId, {
      waiting: asked.reduce((sum, { waiting }) => sum + waiting, 0),
      inFlight: asked.reduce((sum, { inFlight }) => sum + inFlight, 0),
      oldestWaitingAt: waits.length === 0 ? null : Math.min(...waits),
      waiters: asked
        .filter(({ waiting }) => waiting > 0)
        .map(({ accountId, weight }) => ({ accountId, weight, inFlight: served.get(accountId) ?? 0 })),
    });
  }
  return demands;
}

/** Predictions that an instance holds: derived, so that no count can drift. */
export const inFlight = sql<number>`(
  select count(*) from predictions where predictions.instance_id = instances.id and predictions.status = 'processing'
)`.as('inFlight');

/** By content, not by when it was booted: a change of the scale alone, or a rollback, makes it one of the newer release. */
const releaseOf = sql<number>`coalesce(
  (select max(number) from releases where releases.deployment_id = instances.deployment_id
    and releases.version_id = instances.version_id and (releases.hardware_sku = instances.hardware_sku
      or exists (select from hardware where sku = releases.hardware_sku and instances.hardware_sku = any (fallback)))),
  1
)`.as('release');

/** With what the dispatcher said about them and how much they hold. */
const liveInstances = (db: Database) =>
  db
    .selectFrom('instances')
    .leftJoin('consumers', 'consumers.instance_id', 'instances.id')
    .leftJoin('instance_asks', 'instance_asks.instance_id', 'instances.id')
    .select(INSTANCE)
    .select([
      'instance_asks.ask',
      'instance_asks.asked_by as askedBy',
      'consumers.last_used_at as lastUsedAt',
      'consumers.unhealthy',
      sql<boolean>`coalesce(consumers.intake_closed, false)`.as('intakeClosed'),
      inFlight,
    ])
    .where(LIVE)
    .orderBy('instances.id');

/** Null for what was never measured, which is most: a join would weigh on every row. */
const measuredVram = sql<MeasuredVram | null>`(
  select json_build_object('usedMiB', used_mib, 'ofMiB', of_mib) from measured_vram
  where measured_vram.version_id = deployments.version_id and measured_vram.mode = deployments.mode
)`.as('measuredVram');

const withVersionAndStatus = (db: Database) =>
  db
    .selectFrom('deployments')
    .innerJoin('versions', 'versions.id', 'deployments.version_id')
    .leftJoin('deployment_status', 'deployment_status.deployment_id', 'deployments.id')
    .select(DEPLOYMENT)
    .select(STATUS)
    .select([
      'versions.runtime',
      'deployments.warm_until as warmUntil',
      sql<string | null>`versions.source ->> 'image'`.as('image'),
      measuredVram,
      // A training has its instance to itself.
      sql<number>`case deployments.mode when 'train' then 1 else versions.slots end`.as('slots'),
    ])
    .orderBy('deployments.id');

type Joined = Awaited<ReturnType<ReturnType<typeof withVersionAndStatus>['execute']>>[number];

function parted(row: Joined) {
  const { slots, runtime, image, measuredVram, warmUntil, deploymentId, consecutiveFailures, ...rest } = row;
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
  return { deployment, slots, runtime, image, measuredVram, warmUntil, status };
}
