import type { Demand, Millis } from '@hearth/core';
import type { DeploymentRow, Observation } from '@hearth/store';
import { isLive, isUnfinished, type StoredDeployment, type Tables } from './tables.ts';

export const asDeployment = ({ removedAt: _r, warmUntil: _w, ...row }: StoredDeployment): DeploymentRow => row;

/** What one cycle of the scheduler looks at, at one instant. */
export function observe(tables: Tables, now: Millis): Observation {
  const { instances, consumers, asks, hosts, hardware } = tables;
  return {
    deployments: observedDeployments(tables, now),
    instances: instances
      .all()
      .filter(isLive)
      .map(({ moves: _moves, ...row }) => {
        const consumer = consumers.get(row.id);
        return {
          ...row,
          ask: asks.get(row.id)?.ask ?? null,
          askedBy: asks.get(row.id)?.askedBy ?? null,
          lastUsedAt: consumer?.lastUsedAt ?? null,
          unhealthy: consumer?.unhealthy ?? null,
          intakeClosed: consumer?.intakeClosed ?? false,
          inFlight: inFlight(tables, row.id),
        };
      }),
    hosts: hosts.all(),
    hardware: hardware.all(),
  };
}

const inFlight = ({ predictions }: Tables, instanceId: string): number =>
  predictions.all().filter((row) => row.instanceId === instanceId && row.status === 'processing').length;

function observedDeployments(tables: Tables, now: Millis): Observation['deployments'] {
  const { deployments, instances, predictions, statuses, versions, uses } = tables;
  const concerned = new Set([
    ...predictions
      .all()
      .filter(isUnfinished)
      .map(({ deploymentId }) => deploymentId),
    ...instances
      .all()
      .filter(isLive)
      .map(({ deploymentId }) => deploymentId),
  ]);
  return deployments.all().flatMap((row) => {
    const { id, removedAt, warmUntil, minInstances } = row;
    const status = statuses.get(id) ?? null;
    const isSeen =
      concerned.has(id) ||
      minInstances > 0 ||
      status?.blockedReason != null ||
      (status?.consecutiveFailures ?? 0) > 0 ||
      (warmUntil ?? 0) > now ||
      uses.get(id)?.expects === true;
    const version = versions.get(row.versionId);
    if (removedAt !== null || !isSeen || version === undefined) return [];
    const { runtime, source } = version;
    const facts = {
      slots: row.mode === 'train' ? 1 : version.slots,
      runtime,
      image: source.kind === 'image' ? source.image : null,
      measuredVram: null,
    };
    return [{ ...asDeployment(row), ...facts, status, warmUntil, demand: demandOf(tables, id) }];
  });
}

function demandOf({ predictions, accounts }: Tables, deploymentId: string): Demand {
  const asked = predictions.all().filter((row) => isUnfinished(row) && !row.held);
  const own = asked.filter((row) => row.deploymentId === deploymentId);
  const waiting = own.filter(({ status }) => status === 'starting');
  const none = { waiting: 0, inFlight: own.length - waiting.length, oldestWaitingAt: null };
  if (own.length === 0) return none;
  const served = (accountId: string): number =>
    asked.filter((row) => row.accountId === accountId && row.status === 'processing').length;
  return {
    waiting: waiting.length,
    inFlight: own.length - waiting.length,
    oldestWaitingAt: waiting.length === 0 ? null : Math.min(...waiting.map(({ createdAt }) => createdAt)),
    waiters: [...new Set(waiting.map(({ accountId }) => accountId))].map((accountId) => ({
      accountId,
      weight: accounts.get(accountId)?.weight ?? 1,
      inFlight: served(accountId),
    })),
  };
}
