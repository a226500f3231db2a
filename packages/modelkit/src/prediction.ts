import type { CogStatus, CogTerminalStatus } from '@hearth/contract/south/protocol';
import type { PredictionCall } from './request.ts';
import { startStopwatch } from './time.ts';

/** A prediction as it stands. Only the runner changes it. */
export class Prediction {
  readonly call: PredictionCall;
  readonly startedAtMs: number;
  readonly metrics: Record<string, unknown> = {};
  readonly #stopwatch = startStopwatch();
  readonly #abort = new AbortController();
  status: CogStatus = 'processing';
  output: unknown = null;
  logs = '';
  error: string | null = null;
  completedAtMs: number | null = null;
  predictTimeS: number | null = null;

  constructor(call: PredictionCall) {
    this.call = call;
    this.startedAtMs = this.#stopwatch.startedAtMs;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get ended(): boolean {
    return this.completedAtMs !== null;
  }

  cancel(): void {
    this.#abort.abort();
  }

  /** The first end counts. @returns whether this was it. */
  end(status: CogTerminalStatus, error: string | null): boolean {
    if (this.ended) return false;
    const elapsedMs = this.#stopwatch.elapsedMs();
    this.status = status;
    this.error = error;
    this.completedAtMs = this.startedAtMs + elapsedMs;
    this.predictTimeS = Math.round(elapsedMs * 1000) / 1_000_000;
    return true;
  }
}
