import { type Blocked, type Millis, planCycle } from '@hearth/core';
import { type ApplyDeps, applyAll } from './apply.ts';
import { askedActions } from './asked.ts';
import type { Imports } from './imports.ts';
import type { Memory } from './memory.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { observe, type World } from './observe.ts';
import type { DeploymentStatuses } from './status.ts';

export interface CycleDeps extends ApplyDeps {
  readonly memory: Memory;
  readonly statuses: DeploymentStatuses;
  readonly imports: Imports;
  readonly metrics: SchedulerMetrics;
}

/** The world once it is as operators ask for it. */
async function observeAsked(deps: CycleDeps): Promise<World> {
  const world = await observe(deps);
  const actions = askedActions(world.observation.instances);
  await applyAll(actions, world.observation, deps);
  return actions.length === 0 ? world : observe(deps);
}

/** Observe, plan, apply: once. Never rejects: what it could not do, the next one sees and does. */
export async function runCycle(deps: CycleDeps): Promise<{ wakeAt: Millis | null }> {
  const { clock, memory, statuses, imports, metrics, log } = deps;
  const startedAt = performance.now();
  try {
    const { observation, snapshot, unplannable } = await observeAsked(deps);
    if (deps.isLeading?.() === false) return { wakeAt: null };
    memory.snapshot = snapshot;
    const now = clock.now();
    const plan = planCycle(snapshot, now, memory.plans);
    memory.needs.record(plan.needs, now);
    await applyAll(plan.actions, observation, deps);
    const blocked: Blocked[] = [...unplannable, ...plan.blocked];
    await statuses.blocked(observation.deployments, blocked);
    await memory.uses.save(now);
    await imports.look();
    return { wakeAt: plan.wakeAt };
  } catch (error) {
    log.warn({ err: error }, 'cycle cut short; the next one looks again');
    return { wakeAt: null };
  } finally {
    metrics.cycle((performance.now() - startedAt) / 1_000);
  }
}
