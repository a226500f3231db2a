import type { WireDeploymentStatus } from '@hearth/contract';
import { temperature } from '@hearth/core';
import type { DeploymentOverview, InstanceRow } from '@hearth/store';
import { wireKeepAlive } from './keep-alive.ts';
import type { Boot } from './predictions/waiting.ts';
import { rolloutOf } from './rollout.ts';
import { date, dateOrNull, wireFailure } from './wire.ts';

/** A deployment at a glance; `boot`: its newest, where one boots. */
export function wireStatus(
  { deployment, slots, status, demand, instances }: DeploymentOverview,
  boot: Boot | null,
): WireDeploymentStatus {
  const count = (state: InstanceRow['state']) => instances.filter((one) => one.state === state).length;
  return {
    deployment: `${deployment.owner}/${deployment.name}`,
    implicit: deployment.implicit,
    mode: deployment.mode,
    model: deployment.model,
    version: deployment.versionId,
    release: deployment.release,
    rollout: rolloutOf({ deployment, status, instances }),
    hardware: deployment.hardwareSku,
    min_instances: deployment.minInstances,
    max_instances: deployment.maxInstances,
    keep_alive: wireKeepAlive(deployment.keepAlive),
    slots,
    temperature: temperature(instances),
    instances: {
      booting: count('booting'),
      ready: count('ready'),
      draining: count('draining'),
      stopping: count('stopping'),
    },
    hosts: Object.fromEntries(
      [...Map.groupBy(instances, ({ hostId }) => hostId)].map(([host, there]) => [host, there.length]),
    ),
    queue: {
      waiting: demand.waiting,
      in_flight: demand.inFlight,
      oldest_waiting_at: dateOrNull(demand.oldestWaitingAt),
    },
    reason: status?.blockedReason ?? null,
    detail: status?.blockedDetail ?? null,
    failure: status?.failure ? wireFailure(status.failure) : null,
    consecutive_failures: status?.consecutiveFailures ?? 0,
    retry_at: dateOrNull(status?.retryAt ?? null),
    boot: boot && {
      instance: boot.instance,
      phase: boot.phase,
      since: date(boot.since),
      progress: boot.progress,
    },
  };
}
