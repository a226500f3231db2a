import type { Need } from '@hearth/core';
import { seeded } from '@hearth/sim';
import type { BenchOptions } from './overhead.ts';
import { askedMiB, Cluster } from './place/cluster.ts';
import { anywhere, bestFit, dotProduct, type MakePolicy, ours, packing } from './place/policies.ts';
import { openWorkload, type Workload } from './place/workload.ts';
import { median, spread, table } from './stats.ts';

const POLICIES: Readonly<Record<string, MakePolicy>> = { ours, bestFit, packing, dotProduct, random: anywhere };

/** Means of ten seeds from the stored results of "Beware of Fragmentation" (USENIX ATC '23), at the same load. */
const PUBLISHED: Readonly<Record<string, number>> = {
  ours: 0.954,
  bestFit: 0.931,
  packing: 0.92,
  dotProduct: 0.908,
  random: 0.875,
};

/** GPUs asked for, of all that there are. */
const LOAD = 1.3;

/**
 * Fills a cluster until 130% of its GPUs were asked for, nothing ever leaving, and says what share of them was given
 * away. As in the paper: the pods in an order of their own for each seed, and beyond their number some again.
 */
export async function place({ rounds, say, traces }: Pick<BenchOptions, 'rounds' | 'say' | 'traces'>) {
  const workload = await openWorkload(traces);
  say(`${workload.source}; ${rounds} orders, asked for ${LOAD * 100}% of the GPUs`);
  const seeds = Array.from({ length: rounds }, (_, n) => n + 1);
  const results = Object.entries(POLICIES).map(([name, make]) => {
    const runs = seeds.map((seed) => fill(workload, make, seed));
    return {
      name,
      allocated: spread(runs.map((run) => run.allocated)),
      microseconds: median(runs.map((run) => run.microseconds)),
    };
  });
  const percent = (part: number): string => `${(part * 100).toFixed(1)}%`;
  say(
    table([
      ['policy', 'allocated', 'min', 'max', 'published', 'CPU µs a decision'],
      ...results.map(({ name, allocated, microseconds }) => [
        name,
        percent(allocated.median),
        percent(allocated.min),
        percent(allocated.max),
        `${percent(PUBLISHED[name] ?? 0)}${name === 'ours' ? ' (FGD)' : ''}`,
        microseconds.toFixed(0),
      ]),
    ]),
  );
  return { source: workload.source, load: LOAD, published: PUBLISHED, results };
}

function fill({ hosts, needs }: Workload, make: MakePolicy, seed: number): { allocated: number; microseconds: number } {
  const random = seeded(seed);
  const cluster = new Cluster(hosts);
  const policy = make(cluster, random);
  const arrivals = arriving(needs, LOAD * cluster.capacityMiB, random);
  const started = process.cpuUsage();
  for (const need of arrivals) {
    const found = policy(need);
    if (found !== null) cluster.take(found.hostId, found.deviceIds, need);
  }
  // Of this process: what else the machine does is no part of a decision.
  const { user, system } = process.cpuUsage(started);
  return { allocated: cluster.allocated, microseconds: (user + system) / arrivals.length };
}

/** All needs, shuffled, then any of them again, until they ask for that much together. */
function arriving(needs: readonly Need[], upToMiB: number, random: () => number): readonly Need[] {
  const order = needs
    .map((need) => ({ need, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ need }) => need);
  const arrivals: Need[] = [];
  for (let asked = 0; asked < upToMiB; ) {
    const next = order[arrivals.length] ?? order[Math.floor(random() * order.length)];
    if (next === undefined) throw new RangeError('the workload has no pods');
    arrivals.push(next);
    asked += askedMiB(next);
  }
  return arrivals;
}
