import type { KeepAlive } from '@hearth/core';
import { memoryNeed, plainHost } from './inventory.ts';
import { simulate } from './simulate.ts';
import type { UseTrace } from './use-trace.ts';

/** What a fleet with room for so many models made of a trace. */
export interface SlotsResult {
  readonly coldStarts: number;
  readonly p95WaitMs: number;
  readonly idleMs: number;
}

/** More than ever run at once: an instance takes whatever comes, as a model in a cache does. */
const ANY_NUMBER = 1_000;

/**
 * The planner that the scheduler runs, on a fleet with room for so many models, one instance each: who is warm is its
 * own choice. With a `bootMs` of 1 it is a cache, to be held against caches.
 */
export function warmInSlots(trace: UseTrace, slots: number, keepAlive: KeepAlive, bootMs: number): SlotsResult {
  const arrivals = [...trace.uses].flatMap(([deploymentId, uses]) =>
    uses.flatMap(({ at, runMs, count }) => Array.from({ length: count }, () => ({ at, deploymentId, runMs }))),
  );
  const policy = { minInstances: 0, maxInstances: 1, slotsPerInstance: ANY_NUMBER, keepAlive };
  const deployments = [...trace.uses.keys()].map((id) => ({ id, need: memoryNeed(1), policy, bootMs }));
  const result = simulate({
    hosts: [plainHost('h1', { memoryMiB: slots })],
    deployments,
    arrivals: arrivals.toSorted((a, b) => a.at - b.at),
    until: arrivals.reduce((last, { at, runMs }) => Math.max(last, at + runMs), 0),
  });
  return { coldStarts: result.coldStarts, p95WaitMs: result.waits.p95, idleMs: result.spent.instanceMs.idle };
}
