import type { Bus, PredictionExtent } from '@hearth/queue';
import type { PredictionRow } from '@hearth/store';
import type { MergedReport } from '../model/merge-report.ts';
import type { OutputFiles } from '../model/outputs.ts';

/** Tells readers of a run's stream what it has newly reported, at once; storing it is another matter. */
export interface DeltaTeller {
  /** There is something new. */
  tell(): void;
}

/**
 * One delta at a time, each from where the one before ended, so that they are told in order also where an item has to be
 * stored as a file first. `row`: what was stored of the attempt when it began here, and so need not be told.
 */
export function createDeltaTeller(
  row: Pick<PredictionRow, 'id' | 'attempt' | 'output' | 'logs'>,
  reported: () => MergedReport,
  { outputs, bus }: { outputs: Pick<OutputFiles, 'resolve'>; bus: Pick<Bus, 'announce'> },
): DeltaTeller {
  let told = extentOf(row.attempt, row);
  let telling = false;

  const tellAll = async (): Promise<void> => {
    telling = true;
    try {
      for (;;) {
        const { output, logs } = reported();
        const next = extentOf(row.attempt, { output, logs });
        if (next.outputs <= told.outputs && next.logs <= told.logs) return;
        const fresh = Array.isArray(output) ? output.slice(told.outputs) : [];
        const delta = {
          attempt: row.attempt,
          outputs: (await outputs.resolve(fresh)) as unknown[],
          outputsFrom: told.outputs,
          logs: logs.slice(told.logs),
          logsFrom: told.logs,
        };
        told = { ...next, outputs: Math.max(told.outputs, next.outputs) };
        bus.announce({ id: row.id, kind: 'delta', delta });
      }
    } catch {
      // A file that could not be stored: whoever stores the same output says so, and the next report tries again.
    } finally {
      telling = false;
    }
  };
  return {
    tell() {
      if (!telling) void tellAll();
    },
  };
}

/** How much of an attempt there is to stream before its end: only lists come piece by piece. */
export function extentOf(
  attempt: number,
  { output, logs }: { readonly output: unknown; readonly logs: string },
): PredictionExtent {
  return { attempt, outputs: Array.isArray(output) ? output.length : 0, logs: logs.length };
}
