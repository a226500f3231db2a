import type { Millis, WebhookEvent } from '@hearth/core';
import type { Page } from './page.ts';

// A message of an end is born with the prediction's end, others when they were sent. After that they are the dispatcher's; the api may only ask for another try.

/** One thing that a user is told at a webhook. */
export interface MessageRow {
  /** `msg_` and 26 characters [a-z0-9]; sorts by time, and stays the same over all tries. */
  readonly id: string;
  readonly predictionId: string;
  readonly accountId: string;
  readonly event: WebhookEvent;
  readonly url: string;
  /** Host and port of the URL. */
  readonly receiver: string;
  /** `failed`: the last try did, and no further one is due. */
  readonly state: 'pending' | 'delivered' | 'failed';
  /** Tries begun so far. */
  readonly tries: number;
  readonly firstTriedAt: Millis | null;
  /** Null unless it is pending. */
  readonly nextTryAt: Millis | null;
  readonly createdAt: Millis;
}

/** How a try at a message went. */
export interface TryOutcome {
  /** Null: there was no answer. */
  readonly statusCode: number | null;
  /** What went wrong, where the status code does not say it. */
  readonly error: string | null;
  readonly durationMs: number;
  /** The beginning of the answer; null: there was none. */
  readonly answer: string | null;
}

/** `durationMs` null: it is under way, or its dispatcher died of it. */
export interface MessageTry extends Omit<TryOutcome, 'durationMs'> {
  readonly messageId: string;
  readonly n: number;
  readonly at: Millis;
  readonly durationMs: number | null;
}

/** One that this caller alone may try, once, until `until`. */
export type ClaimedMessage = MessageRow & {
  readonly firstTriedAt: Millis;
  /** Earlier tries that came to an end: whoever began the others was killed in the middle of them. */
  readonly endedTries: number;
};

export interface MessageLimits {
  /** Nobody else tries a claimed one before this instant. */
  readonly until: Millis;
  readonly limit: number;
  readonly perReceiver: number;
  /** What the caller is trying already: receiver → how many. */
  readonly held: ReadonlyMap<string, number>;
}

export interface Messages {
  /** dispatcher: takes due ones, at most `perReceiver` of a receiver with what is held, and writes down that a try has begun. */
  claim(now: Millis, limits: MessageLimits): Promise<ClaimedMessage[]>;
  /**
   * dispatcher: how the n-th try went, and what follows: the end, or another try at an instant. The try is written in any
   * case; the message only where no later try was begun meanwhile: then false.
   */
  conclude(
    messageId: string,
    n: number,
    outcome: TryOutcome,
    next: 'delivered' | 'failed' | { retryAt: Millis },
  ): Promise<boolean>;
  /** dispatcher: a message that was tried once and never will be again by itself. */
  record(
    message: Pick<MessageRow, 'id' | 'predictionId' | 'accountId' | 'event' | 'url'> & { at: Millis },
    outcome: TryOutcome,
    state: 'delivered' | 'failed',
  ): Promise<void>;
  /** dispatcher: when the next pending one may be tried; null: none is pending. */
  nextDue(): Promise<Millis | null>;
  /** dispatcher: removes at most `limit` that are older than this, with their tries; answers how many. */
  removeBefore(before: Millis, limit: number): Promise<number>;
  /** Of one prediction, newest first, each with its tries in order. */
  list(page: Page & { predictionId: string }): Promise<(MessageRow & { log: readonly MessageTry[] })[]>;
  /** api: makes it due at once, whatever its state; where a try is under way, that is the one. Null: no such message of this prediction. */
  resend(predictionId: string, messageId: string, now: Millis): Promise<MessageRow | null>;
}
