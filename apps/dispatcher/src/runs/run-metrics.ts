import type { TerminalStatus } from '@hearth/core';
import type { Metrics } from '@hearth/kit';
import type { Runs } from './runs.ts';

/** The dispatcher's own figures on `/metrics`. */
export interface RunMetrics {
  finished(status: TerminalStatus, seconds: number): void;
  returned(lost: boolean): void;
  restored(tickets: number): void;
  /** The runs that the gauge counts from now on. */
  watch(runs: Runs): void;
}

const RUN_SECONDS = [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];

export function createRunMetrics(metrics: Metrics): RunMetrics {
  const seconds = metrics.histogram('hearth_prediction_run_seconds', 'Run time of ended predictions.', RUN_SECONDS, [
    'status',
  ]);
  const returned = metrics.counter('hearth_attempts_returned_total', 'Attempts that came to nothing and wait again.', [
    'lost',
  ]);
  const restored = metrics.counter(
    'hearth_tickets_restored_total',
    'Tickets that the sweep found missing from a queue.',
  );
  let watched: Runs | null = null;
  metrics.gauge('hearth_runs', 'Predictions that instances hold now.', [], (gauge) =>
    gauge.set(watched?.all().length ?? 0),
  );
  return {
    finished: (status, ran) => seconds.observe({ status }, ran),
    returned: (lost) => returned.inc({ lost: String(lost) }),
    restored: (tickets) => restored.inc(tickets),
    watch: (runs) => {
      watched = runs;
    },
  };
}
