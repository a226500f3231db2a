import type { Host, KeepAlive } from '@hearth/core';
import { simulate } from './simulate.ts';
import type { UseTrace } from './use-trace.ts';

/** What a fleet with room for so many models made of a trace. */
export interface SlotsResult {
  readonly coldStarts: number;
  readonly p95WaitMs: number;
  readonly idleMs: number;
}

const NEED = {
  runtime: 'docker',
  memoryMiB: 1,
  cpus: 0,
  gpus: 0,
  gpuShareMiB: 0,
  vramMiB: 0,
  gpuType: null,
  labels: {},
  image: null,
} as const;

const fleetOf = (slots: number): Host => ({
  id: 'h1',
  runtimes: ['docker'],
  cordoned: false,
  draining: false,
  lost: false,
  labels: {},
  images: [],
  memoryMiB: slots,
  cpus: null,
  devices: [],
});

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
  const deployments = [...trace.uses.keys()].map((id) => ({ id, need: NEED, policy, bootMs }));
  const result = simulate({
    hosts: [fleetOf(slots)],
    deployments,
    arrivals: arrivals.toSorted((a, b) => a.at - b.at),
    until: arrivals.reduce((last, { at, runMs }) => Math.max(last, at + runMs), 0),
  });
  return { coldStarts: result.coldStarts, p95WaitMs: result.waits.p95, idleMs: result.spent.instanceMs.idle };
}
