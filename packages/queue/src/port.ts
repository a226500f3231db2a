/** A ticket: one attempt at one prediction, waiting in its deployment's queue. Carries no facts; the store has them. */
export interface Ticket {
  readonly predictionId: string;
  /** Attempts begun when it was written. The job id is `<predictionId>-<attempt>`: enqueueing twice is enqueueing once. */
  readonly attempt: number;
}

/** A ticket with the queue that it belongs in. */
export interface QueuedTicket extends Ticket {
  readonly deploymentId: string;
  /** 0 to 2,097,151: 0 is taken first, lower before higher, equal ones in the order they came. */
  readonly priority: number;
}

/** What became of a ticket that a consumer held. */
export type TicketOutcome =
  /** Done with, whatever the prediction's end was. */
  | { readonly kind: 'done' }
  /** Nobody's fault (the container said it was full): back to the queue, tried again after `delayMs`. */
  | { readonly kind: 'later'; readonly delayMs: number };

/** Takes tickets of one deployment, at most `slots` at once. One per ready instance: the free instance takes the next. */
export interface Consumer {
  /** Changes how many it may hold; 0 takes nothing. */
  setSlots(slots: number): void;
  /** Takes no further ticket; resolves when it holds none. Never rejects, also where the transport is away. */
  close(): Promise<void>;
}

export interface Queues {
  /** Left out, `priority` is 0. One that is there already stays where it is. */
  enqueue(deploymentId: string, ticket: Ticket, priority?: number): Promise<void>;
  /**
   * Idempotent, many at once; for the sweep. Moves those that wait with another priority. Answers how many were not in the
   * queue before.
   */
  restore(tickets: readonly QueuedTicket[]): Promise<number>;
  /** Takes a waiting ticket out; a no-op when it is gone or held. */
  withdraw(deploymentId: string, ticket: Ticket): Promise<void>;
  consume(deploymentId: string, slots: number, handle: (ticket: Ticket) => Promise<TicketOutcome>): Promise<Consumer>;
  /** Tickets waiting and held; for metrics and tests. The scheduler counts demand in the store. */
  depth(deploymentId: string): Promise<{ waiting: number; active: number }>;
  /** Removes everything the queue of a deleted deployment left behind. */
  obliterate(deploymentId: string): Promise<void>;
  /**
   * Calls back whenever the transport may have forgotten tickets: at a reconnect, and when its marker is found missing
   * (a Redis wiped or restored from an old file). The listener restores from the store.
   */
  onAmnesia(listener: () => void): () => void;
  /** Resolves when the transport answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * What a running attempt has said since it was last told of, as soon as the container says it and before it is stored.
 * Whoever misses one reads the store, which has it a moment later.
 */
export interface PredictionDelta {
  readonly attempt: number;
  /** New items of a list output, the first of them at index `outputsFrom`. Other outputs come whole, at the end. */
  readonly outputs: readonly unknown[];
  readonly outputsFrom: number;
  /** What the log grew by, from character `logsFrom` on. */
  readonly logs: string;
  readonly logsFrom: number;
}

/** How much of a running attempt the store has: items of a list output, and characters of the log. */
export interface PredictionExtent {
  readonly attempt: number;
  readonly outputs: number;
  readonly logs: number;
}

/**
 * What happened to a prediction. `delta`: output or logs grew; `progress`: what they grew by is stored. Of all others the
 * store has the row.
 */
export interface PredictionNotice {
  readonly id: string;
  readonly kind: 'started' | 'delta' | 'progress' | 'returned' | 'finished';
  /** Of a `delta`. One too large for the transport is not announced: its `progress` is. */
  readonly delta?: PredictionDelta;
  /** Of a `progress`: spares a listener who has as much a read. */
  readonly extent?: PredictionExtent;
  /** Of a finished one: its row as it was stored, which spares the listener a read. Left out where it is large. */
  readonly row?: unknown;
}

export type Room = 'api' | 'scheduler' | 'dispatcher';

/** Pokes ("look again", no data, may be lost) and notices. Publishing never throws and never waits. */
export interface Bus {
  poke(room: Room): void;
  onPoke(room: Room, listener: () => void): () => void;
  announce(notice: PredictionNotice): void;
  onNotice(listener: (notice: PredictionNotice) => void): () => void;
  close(): Promise<void>;
}
