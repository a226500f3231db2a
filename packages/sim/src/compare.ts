import { type Host, type KeepAlive, type Need, typicalShapes } from '@hearth/core';
import type { SimDeployment } from './model.ts';
import { type SimulationResult, simulate } from './simulate.ts';
import type { Arrival } from './trace.ts';

/** What every instance of one model is like. */
export interface ModelShape {
  readonly need: Need;
  readonly slotsPerInstance: number;
  readonly maxInstances: number;
  readonly bootMs: number;
}

export interface Comparison {
  readonly hosts: readonly Host[];
  /** In order of time. */
  readonly arrivals: readonly Arrival[];
  readonly shapeOf: (deploymentId: string) => ModelShape;
  /** Into how many parts the course of GPUs is cut. */
  readonly parts: number;
}

/** For who has to wait for room before the last boot. */
const LAST_WAIT_MS = 60_000;
/** As the scheduler's loop does. */
const SPACING_MS = 25;

/** Plays the same trace with each of several keep-alives, from its first arrival until its last could have finished. */
export function compareKeepAlives(
  { hosts, arrivals, shapeOf, parts }: Comparison,
  keepAlives: readonly KeepAlive[],
): readonly SimulationResult[] {
  const ids = [...new Set(arrivals.map(({ deploymentId }) => deploymentId))].toSorted();
  const models = ids.map((id) => ({ id, shape: shapeOf(id) }));
  const longestBootMs = models.reduce((most, { shape }) => Math.max(most, shape.bootMs), 0);
  const until = arrivals.reduce((last, { at, runMs }) => Math.max(last, at + runMs), 0) + longestBootMs + LAST_WAIT_MS;
  const counts = Map.groupBy(arrivals, ({ deploymentId }) => deploymentId);
  const shapes = typicalShapes(models.map(({ id, shape: { need } }) => ({ need, count: counts.get(id)?.length ?? 0 })));
  return keepAlives.map((keepAlive) => {
    const deployments = models.map(
      ({ id, shape: { need, slotsPerInstance, maxInstances, bootMs } }): SimDeployment => ({
        id,
        need,
        policy: { minInstances: 0, maxInstances, slotsPerInstance, keepAlive },
        bootMs,
      }),
    );
    const course = { from: 0, to: until, parts };
    return simulate({ hosts, deployments, arrivals, shapes, spacingMs: SPACING_MS, until, course });
  });
}
