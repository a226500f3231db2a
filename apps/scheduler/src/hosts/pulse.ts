import type { Millis } from '@hearth/core';
import type { Clock } from '../clock.ts';
import { pause } from '../clock.ts';
import { messageOf } from '../errors.ts';

const PING_EVERY_MS = 2_000;
/** An engine that accepts the connection and never answers is as lost as one that refuses it. */
const PING_TIMEOUT_MS = 3_000;
/** With the ping that must fail after it, a lost host is noticed within 10 s of its last answer. */
const LOST_AFTER_MS = 7_000;

export interface Heard {
  readonly lastAnswerAt: Millis;
  /** Pings in a row that failed since. */
  readonly failures: number;
}

/** Pure. Two failures at least: after a sleep of this machine the clock has run on, and nobody was asked. */
export const isLost = ({ lastAnswerAt, failures }: Heard, now: Millis): boolean =>
  failures >= 2 && now - lastAnswerAt >= LOST_AFTER_MS;

export interface PulseSettings {
  readonly clock: Clock;
  /** May wait for ever, until `signal` aborts. */
  readonly ping: (signal: AbortSignal) => Promise<void>;
  /** It answers: for the first time, or again. */
  readonly answers: () => void;
  /** It has not answered for too long, and what was seen instead. Called after each failed ping from then on. */
  readonly lost: (why: string) => void;
}

/** Asks a runtime every two seconds whether it is there, from now on until it is closed. */
export class Pulse {
  readonly #settings: PulseSettings;
  readonly #closing = new AbortController();
  readonly #beating: Promise<void>;
  #state: 'unknown' | 'alive' | 'lost' = 'unknown';

  constructor(settings: PulseSettings) {
    this.#settings = settings;
    this.#beating = this.#beat();
  }

  get state(): 'unknown' | 'alive' | 'lost' {
    return this.#state;
  }

  close(): Promise<void> {
    this.#closing.abort();
    return this.#beating;
  }

  async #beat(): Promise<void> {
    const { clock, answers, lost } = this.#settings;
    let heard: Heard = { lastAnswerAt: clock.now(), failures: 0 };
    while (!this.#closing.signal.aborted) {
      const startedAt = clock.now();
      const failure = await this.#ask();
      if (this.#closing.signal.aborted) return;
      if (failure === null) {
        heard = { lastAnswerAt: clock.now(), failures: 0 };
        const isNews = this.#state !== 'alive';
        this.#state = 'alive';
        if (isNews) answers();
      } else {
        heard = { ...heard, failures: heard.failures + 1 };
        if (isLost(heard, clock.now())) {
          this.#state = 'lost';
          lost(failure);
        }
      }
      await pause(clock, startedAt + PING_EVERY_MS - clock.now(), this.#closing.signal);
    }
  }

  /** Null where it answered, else what was seen instead. */
  async #ask(): Promise<string | null> {
    const { clock, ping } = this.#settings;
    const late = new AbortController();
    const cancel = clock.after(PING_TIMEOUT_MS, () => late.abort());
    try {
      await ping(AbortSignal.any([late.signal, this.#closing.signal]));
      return null;
    } catch (error) {
      return late.signal.aborted ? `no answer within ${PING_TIMEOUT_MS / 1000} s` : messageOf(error);
    } finally {
      cancel();
    }
  }
}
