import type { BoardDeployment, BoardHost, BoardInstance, BoardPrediction } from '@hearth/contract';
import { holdsResources } from '@hearth/core';
import type { DeploymentOverview, HostRow, PredictionGlance } from '@hearth/store';
import type { Context } from '../context.ts';
import { maySee, withoutLog } from '../deployment-reference.ts';
import { mayChange } from '../plugins/auth.ts';
import type { Boot } from '../predictions/waiting.ts';
import { date, dateOrNull, wireInstance } from '../wire.ts';
import { wireStatus } from '../wire-status.ts';
import type { Look } from './watching.ts';

/** So many of its newest predictions an account is shown live. */
const NEWEST_PREDICTIONS = 50;

type LiveInstance = DeploymentOverview['instances'][number];

/** Three queries, whoever many watch; `accountIds`: whose predictions. */
export async function lookAtBoard(context: Context, accountIds: readonly string[]): Promise<Look> {
  const { store } = context.deps;
  const [overview, hosts, newest] = await Promise.all([
    store.deployments.overview(),
    store.hosts.list(),
    store.predictions.newestOf(accountIds, NEWEST_PREDICTIONS),
  ]);
  const rows = await Promise.all(
    overview.map(async (row) => ({
      row,
      deployment: boardDeployment(row, await context.bootOf(row.instances)),
      instances: row.instances.map((instance) => boardInstance(instance, row.deployment)),
    })),
  );
  const live = overview.flatMap(({ instances }) => instances);
  const boardHosts = hosts.map((host) => boardHost(host, live));
  const predictionsOf = Map.groupBy(newest, ({ accountId }) => accountId);
  return {
    stirs: overview.some(isStirring),
    async rowsFor(caller) {
      const seen = await Promise.all(rows.map(({ row }) => maySee(context, caller, row.deployment)));
      const shown = rows.filter((_row, at) => seen[at]);
      return {
        deployments: shown.map(({ row, deployment }) =>
          mayChange(caller, row.deployment) ? deployment : withoutLog(deployment),
        ),
        instances: shown.flatMap(({ instances }) => instances),
        hosts: boardHosts,
        predictions: (predictionsOf.get(caller.account.id) ?? []).map(boardPrediction),
      };
    },
  };
}

const isStirring = ({ demand, instances }: DeploymentOverview): boolean =>
  demand.waiting > 0 || demand.inFlight > 0 || instances.some(({ state }) => state !== 'ready');

function boardDeployment(row: DeploymentOverview, boot: Boot | null): BoardDeployment {
  const { boot: _told, ...status } = wireStatus(row, null);
  return {
    ...status,
    id: row.deployment.id,
    boot: boot && {
      instance: boot.instance,
      phase: boot.phase,
      since: date(boot.since),
      usual_seconds: boot.progress.usual_seconds,
      bytes: boot.progress.bytes,
      total_bytes: boot.progress.total_bytes,
      ready_at: dateOrNull(boot.readyAt),
    },
    warm_until: dateOrNull(row.warmUntil),
  };
}

function boardInstance(row: LiveInstance, deployment: DeploymentOverview['deployment']): BoardInstance {
  const of = { deployment: `${deployment.owner}/${deployment.name}`, model: deployment.model };
  const { failure: _none, ...instance } = wireInstance(row, of);
  return {
    ...instance,
    deployment_id: deployment.id,
    gpu_share_mib: row.gpuShareMiB,
    unhealthy: row.unhealthy,
    ask: row.ask,
  };
}

function boardHost(host: HostRow, live: readonly LiveInstance[]): BoardHost {
  const here = live.filter((one) => one.hostId === host.id && holdsResources(one));
  return {
    id: host.id,
    name: host.name,
    state: host.lostAt !== null ? 'lost' : host.lastSeenAt === null ? 'new' : 'ready',
    cordoned: host.cordoned,
    draining: host.draining,
    labels: { ...host.labels },
    memory_mib: host.memoryMiB,
    memory_held_mib: here.reduce((sum, { memoryMiB }) => sum + memoryMiB, 0),
    instances: here.length,
    devices: host.devices.map(({ id, name, vramMiB }) => ({
      id,
      name,
      vram_mib: vramMiB,
      held_mib: here
        .filter(({ deviceIds }) => deviceIds.includes(id))
        .reduce((sum, { gpuShareMiB }) => sum + (gpuShareMiB === 0 ? vramMiB : gpuShareMiB), 0),
    })),
    lost_since: dateOrNull(host.lostAt),
    lost_reason: host.lostWhy,
  };
}

const boardPrediction = (row: PredictionGlance): BoardPrediction => ({
  id: row.id,
  model: row.model,
  version: row.versionId,
  deployment: row.deployment,
  status: row.status === 'aborted' ? 'canceled' : row.status,
  created_at: date(row.createdAt),
  started_at: dateOrNull(row.startedAt),
  completed_at: dateOrNull(row.completedAt),
});
