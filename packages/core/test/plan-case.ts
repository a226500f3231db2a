import { expect } from 'vitest';
import { type Action, type Deployment, type Instance, planCycle, type Snapshot } from '../src/index.ts';
import { deployment, host } from './build.ts';

/** One row of a table: a snapshot, and what the plan for it says in short. */
export interface Case {
  name: string;
  now?: number;
  hosts?: Snapshot['hosts'];
  deployments?: Deployment[];
  instances?: Instance[];
  want?: string[];
  blocked?: string[];
  wakeAt?: number | null;
}

export const inShort = (a: Action): string =>
  a.kind === 'boot'
    ? `boot ${a.deploymentId} on ${[a.placement.hostId, ...a.placement.deviceIds].join('+')}: ${a.reason}`
    : `${a.kind} ${a.instanceId}: ${a.reason}`;

export function check({
  now = 0,
  hosts = [host()],
  deployments = [deployment()],
  instances = [],
  ...want
}: Case): void {
  const plan = planCycle({ hosts, deployments, instances }, now);
  expect({
    actions: plan.actions.map(inShort),
    blocked: plan.blocked.map((b) => `${b.deploymentId}: ${b.reason}`),
    wakeAt: plan.wakeAt,
  }).toEqual({ actions: want.want ?? [], blocked: want.blocked ?? [], wakeAt: want.wakeAt ?? null });
}
