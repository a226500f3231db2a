import { createMetrics, type Metrics } from '@hearth/kit';
import type { InstanceRow, Store } from '@hearth/store';
import type { Runtimes } from './runtimes.ts';

const CYCLE_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];
const BOOT_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600, 1800];

/** What the scheduler counts. */
export interface SchedulerMetrics {
  readonly booted: (seconds: number) => void;
  readonly bootFailed: (kind: string) => void;
  /** An instance that was up ended by itself. */
  readonly ended: (kind: string) => void;
  readonly cycle: (seconds: number) => void;
  readonly exposition: Pick<Metrics, 'text' | 'contentType'>;
}

export function createSchedulerMetrics(store: Store, runtimes: Runtimes): SchedulerMetrics {
  const metrics = createMetrics('scheduler');
  const boots = metrics.histogram('hearth_boot_seconds', 'From placement to ready', BOOT_SECONDS);
  const failures = metrics.counter('hearth_boot_failures_total', 'Boots that failed, by kind', ['kind']);
  const ends = metrics.counter('hearth_instance_failures_total', 'Instances that ended by themselves', ['kind']);
  const cycles = metrics.histogram('hearth_cycle_seconds', 'Observe, plan, apply', CYCLE_SECONDS);
  metrics.gauge('hearth_instances', 'Instances by state', ['state'], async (gauge) => {
    gauge.reset();
    for (const { state } of await store.instances.live()) gauge.inc({ state });
  });
  metrics.gauge('hearth_instance_memory_bytes', 'Memory that an instance uses', ['instance'], async (gauge) => {
    gauge.reset();
    const rows = await store.instances.live();
    const used = await Promise.all(rows.map((row) => memoryOf(row, runtimes)));
    for (const [i, row] of rows.entries()) {
      const bytes = used[i];
      if (bytes !== undefined && bytes !== null) gauge.set({ instance: row.id }, bytes);
    }
  });
  return {
    booted: (seconds) => boots.observe(seconds),
    bootFailed: (kind) => failures.inc({ kind }),
    ended: (kind) => ends.inc({ kind }),
    cycle: (seconds) => cycles.observe(seconds),
    exposition: metrics,
  };
}

async function memoryOf(row: InstanceRow, runtimes: Runtimes): Promise<number | null> {
  if (!runtimes.has(row)) return null;
  const stats = await runtimes.of(row).stats(row.id);
  return stats?.memoryBytes ?? null;
}
