import type { Ticket, TicketOutcome } from '@hearth/queue';

/** Time as whoever holds the queue has it. */
export interface QueueClock {
  /** Calls back once after `ms`, unless the answered function is called before. */
  after(ms: number, callback: () => void): () => void;
}

interface Job {
  readonly id: string;
  readonly ticket: Ticket;
  readonly priority: number;
  readonly seq: number;
}

/** One who takes tickets. */
export interface Taker {
  slots: number;
  held: number;
  /** Takes nothing further. */
  isClosing: boolean;
  /** Its process has died: what it holds is delivered again when the lock is over. */
  isGone: boolean;
  readonly handle: (ticket: Ticket) => Promise<TicketOutcome>;
  whenEmpty: () => void;
}

interface Held {
  readonly job: Job;
  readonly taker: Taker;
  /** Another from each delivery to the next: who lost the lock has no say in what becomes of it. */
  readonly lock: symbol;
}

/** How long a ticket whose handler threw stays away. As {@link ../../../queue/src/consumer.ts} has it. */
const AFTER_ERROR_MS = 1_000;

const jobIdOf = ({ predictionId, attempt }: Ticket): string => `${predictionId}-${attempt}`;

/** The queue of one deployment, with BullMQ's manners: by priority, then as they came; locked while held. */
export class TicketQueue {
  readonly #clock: QueueClock;
  readonly #lockMs: number;
  readonly #waiting = new Map<string, Job>();
  readonly #delayed = new Map<string, { readonly job: Job; readonly cancel: () => void }>();
  readonly #held = new Map<string, Held>();
  #takers: Taker[] = [];
  #seq = 0;

  constructor(clock: QueueClock, lockMs: number) {
    this.#clock = clock;
    this.#lockMs = lockMs;
  }

  get depth(): { waiting: number; active: number } {
    return { waiting: this.#waiting.size + this.#delayed.size, active: this.#held.size };
  }

  /** One that is there already stays where it is; false then. */
  add(ticket: Ticket, priority: number): boolean {
    const id = jobIdOf(ticket);
    if (this.#waiting.has(id) || this.#delayed.has(id) || this.#held.has(id)) return false;
    this.#waiting.set(id, { id, ticket, priority, seq: ++this.#seq });
    this.#deliver();
    return true;
  }

  /** Of one that waits: it comes anew with another priority. */
  place(ticket: Ticket, priority: number): void {
    const waiting = this.#waiting.get(jobIdOf(ticket)) ?? this.#delayed.get(jobIdOf(ticket))?.job;
    if (waiting === undefined || waiting.priority === priority) return;
    this.withdraw(ticket);
    this.add(ticket, priority);
  }

  withdraw(ticket: Ticket): void {
    const id = jobIdOf(ticket);
    this.#waiting.delete(id);
    this.#delayed.get(id)?.cancel();
    this.#delayed.delete(id);
  }

  /** Everything is gone, and nobody is told. Those who hold a ticket go on with it. */
  wipe(): void {
    for (const { cancel } of this.#delayed.values()) cancel();
    for (const map of [this.#waiting, this.#delayed, this.#held]) map.clear();
  }

  /** The locks of what is held are over while its holders still work: each is delivered again. */
  loseLocks(): void {
    for (const { job } of this.#held.values()) {
      this.#held.delete(job.id);
      this.#waiting.set(job.id, job);
    }
    this.#deliver();
  }

  attach(taker: Taker): void {
    this.#takers.push(taker);
    this.#deliver();
  }

  detach(taker: Taker): void {
    this.#takers = this.#takers.filter((one) => one !== taker);
  }

  /** Its process has died. */
  abandon(taker: Taker): void {
    taker.isGone = true;
    this.detach(taker);
    for (const held of this.#held.values()) {
      if (held.taker === taker) this.#clock.after(this.#lockMs, () => this.#expire(held));
    }
  }

  /** The slots of a taker have changed. */
  wake(): void {
    this.#deliver();
  }

  #expire({ job, lock }: Held): void {
    if (this.#held.get(job.id)?.lock !== lock) return;
    this.#held.delete(job.id);
    this.#waiting.set(job.id, job);
    this.#deliver();
  }

  #next(): Job | undefined {
    let next: Job | undefined;
    for (const job of this.#waiting.values()) {
      if (next === undefined || job.priority < next.priority) next = job;
      else if (job.priority === next.priority && job.seq < next.seq) next = job;
    }
    return next;
  }

  #deliver(): void {
    for (;;) {
      const taker = this.#takers.find(({ slots, held, isClosing }) => held < slots && !isClosing);
      const job = taker === undefined ? undefined : this.#next();
      if (taker === undefined || job === undefined) return;
      // The one that has waited longest is next: whoever takes one goes to the end.
      this.#takers = [...this.#takers.filter((one) => one !== taker), taker];
      this.#waiting.delete(job.id);
      const held = { job, taker, lock: Symbol(job.id) };
      this.#held.set(job.id, held);
      taker.held++;
      void this.#hand(held);
    }
  }

  async #hand(held: Held): Promise<void> {
    const { job, taker, lock } = held;
    let outcome: TicketOutcome;
    try {
      outcome = await taker.handle(job.ticket);
    } catch {
      // As the real consumer does, which also says so in its log.
      outcome = { kind: 'later', delayMs: AFTER_ERROR_MS };
    }
    if (taker.isGone) return;
    if (this.#held.get(job.id)?.lock === lock) {
      this.#held.delete(job.id);
      if (outcome.kind === 'later') this.#delay(job, outcome.delayMs);
    }
    taker.held--;
    if (taker.held === 0) taker.whenEmpty();
    this.#deliver();
  }

  /** Never at once: it takes a way to the broker and back. */
  #delay(job: Job, ms: number): void {
    const cancel = this.#clock.after(Math.max(1, ms), () => {
      this.#delayed.delete(job.id);
      this.#waiting.set(job.id, { ...job, seq: ++this.#seq });
      this.#deliver();
    });
    this.#delayed.set(job.id, { job, cancel });
  }
}
