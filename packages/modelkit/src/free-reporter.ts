import type { CogWebhookEvent } from '@hearth/contract';
import { type ReporterOptions, type Reports, sendLast, sendUpdate } from './reporter.ts';

/**
 * Webhooks as coglet sends them: output is told at once, logs at most once an interval (what comes between is told by
 * whatever is told next), and no report waits for another, so that the last may overtake those before it.
 */
export class FreeReporter implements Reports {
  readonly #options: ReporterOptions;
  #lastSentMs = Number.NEGATIVE_INFINITY;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  changed(event: Exclude<CogWebhookEvent, 'completed'>): void {
    const { events, intervalMs } = this.#options;
    if (!events.includes(event)) return;
    const now = performance.now();
    if (event !== 'output' && now - this.#lastSentMs < intervalMs) return;
    this.#lastSentMs = now;
    void sendUpdate(this.#options);
  }

  async completed(): Promise<void> {
    if (this.#options.events.includes('completed')) await sendLast(this.#options);
  }
}
