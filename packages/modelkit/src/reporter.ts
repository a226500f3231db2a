/** Webhooks of one prediction: filtered, throttled, in order, and persistent about the last one. */
import type { CogWebhookEvent } from '@hearth/contract';
import type { Outbound } from './outbound.ts';

const UPDATE_TIMEOUT_MS = 5_000;
const TERMINAL_TIMEOUT_MS = 30_000;
const TERMINAL_RETRIES = 12;

export interface ReporterOptions {
  readonly outbound: Outbound;
  readonly url: string;
  readonly events: readonly CogWebhookEvent[];
  /** At least so long between two reports that are not the last. */
  readonly intervalMs: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The prediction as it stands now, as JSON. */
  readonly body: () => string;
  readonly log: (text: string) => void;
}

/** Where a prediction says what happens to it. */
export interface Reports {
  /** Something of this kind happened. */
  changed(event: Exclude<CogWebhookEvent, 'completed'>): void;
  /** The prediction has ended: the last report. Resolves when it has arrived or was given up. */
  completed(): Promise<void>;
}

/**
 * One report is under way at a time, so reports arrive in order; what changes meanwhile, or within the interval, is told
 * by the next one. Reports that are not the last are tried once, since the next says more.
 */
export class Reporter implements Reports {
  readonly #options: ReporterOptions;
  #sending: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #unsent = false;
  #ended = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  changed(event: Exclude<CogWebhookEvent, 'completed'>): void {
    if (!this.#options.events.includes(event)) return;
    this.#unsent = true;
    this.#sendWhenDue();
  }

  async completed(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#sending;
    if (!this.#options.events.includes('completed')) {
      if (this.#unsent) await this.#update();
      return;
    }
    this.#unsent = false;
    await sendLast(this.#options);
  }

  #sendWhenDue(): void {
    if (this.#ended || this.#sending !== null || this.#timer !== undefined) return;
    const waitMs = this.#lastSentMs + this.#options.intervalMs - performance.now();
    if (waitMs <= 0) {
      this.#sending = this.#update().then(() => {
        this.#sending = null;
        if (this.#unsent) this.#sendWhenDue();
      });
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#sendWhenDue();
    }, waitMs);
  }

  async #update(): Promise<void> {
    this.#unsent = false;
    this.#lastSentMs = performance.now();
    await sendUpdate(this.#options);
  }
}

function requestOf({ url, headers, body }: ReporterOptions, timeoutMs: number) {
  const text = body();
  const all = { ...headers, 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
  return { method: 'POST', url, headers: all, body: text, timeoutMs } as const;
}

/** One try: the next report says more. */
export async function sendUpdate(options: ReporterOptions): Promise<void> {
  try {
    await options.outbound.send(requestOf(options, UPDATE_TIMEOUT_MS));
  } catch (error) {
    options.log(`webhook: a report was lost: ${String(error)}`);
  }
}

/** Again and again, until it has arrived, was refused or was given up. */
export async function sendLast(options: ReporterOptions): Promise<void> {
  const { outbound, log } = options;
  try {
    const answer = await outbound.sendWithRetries(requestOf(options, TERMINAL_TIMEOUT_MS), TERMINAL_RETRIES);
    if (answer.status >= 400) log(`webhook: the last report was refused with ${answer.status}`);
  } catch (error) {
    log(`webhook: the last report could not be delivered: ${String(error)}`);
  }
}
