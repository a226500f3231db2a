import type { Bus, PredictionNotice, Queues, Room, Ticket, TicketOutcome, Transport } from '@hearth/queue';
import { type QueueClock, type Taker, TicketQueue } from './ticket-queue.ts';

export interface BrokerOptions {
  readonly clock: QueueClock;
  /** How long the tickets of a process that died stay locked. */
  readonly lockMs: number;
}

/** What a process has of the broker. */
export interface MemoryTransport extends Transport {
  /** The process has died: its listeners are gone, and what it held is delivered again when the locks are over. */
  die(): void;
}

type Listener<Said> = (said: Said) => void;

/** Queues and bus in memory, with the manners of the transports on BullMQ: what Redis is to all processes. */
export class MemoryBroker {
  readonly #options: BrokerOptions;
  readonly #queues = new Map<string, TicketQueue>();
  readonly #pokes = new Map<Room, Set<Listener<void>>>();
  readonly #notices = new Set<Listener<PredictionNotice>>();
  readonly #amnesia = new Set<Listener<void>>();

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  /** Forgets every ticket, as a Redis that was wiped; its clients find out by themselves. */
  wipe(): void {
    for (const queue of this.#queues.values()) queue.wipe();
  }

  /** Its clients have found out that it may have forgotten something. */
  tellAmnesia(): void {
    for (const listener of this.#amnesia) listener();
  }

  /** Delivers again what is held, as if its holders had been too slow to renew their locks. */
  loseLocks(): void {
    for (const queue of this.#queues.values()) queue.loseLocks();
  }

  /** Tickets anywhere. */
  get depth(): number {
    return [...this.#queues.values()].reduce((sum, { depth }) => sum + depth.waiting + depth.active, 0);
  }

  open(): MemoryTransport {
    const takers = new Map<Taker, TicketQueue>();
    const listening: (() => void)[] = [];
    const die = (): void => {
      for (const [taker, queue] of takers) queue.abandon(taker);
      for (const stop of listening) stop();
    };
    const consume = (deploymentId: string, slots: number, handle: (ticket: Ticket) => Promise<TicketOutcome>) => {
      const queue = this.#queueOf(deploymentId);
      const taker: Taker = { slots, held: 0, isClosing: false, isGone: false, handle, whenEmpty: () => {} };
      takers.set(taker, queue);
      queue.attach(taker);
      return {
        setSlots(count: number) {
          taker.slots = count;
          queue.wake();
        },
        async close() {
          taker.isClosing = true;
          if (taker.held > 0) await new Promise<void>((resolve) => (taker.whenEmpty = resolve));
          queue.detach(taker);
          takers.delete(taker);
        },
      };
    };
    const listen = <Said>(listeners: Set<Listener<Said>>, listener: Listener<Said>): (() => void) => {
      const own: Listener<Said> = (said) => listener(said);
      listeners.add(own);
      const stop = (): void => void listeners.delete(own);
      listening.push(stop);
      return stop;
    };
    const queues: Queues = {
      enqueue: async (deploymentId, ticket, priority = 0) => void this.#queueOf(deploymentId).add(ticket, priority),
      restore: async (tickets) => {
        let restored = 0;
        for (const { deploymentId, priority, ...ticket } of tickets) {
          const queue = this.#queueOf(deploymentId);
          queue.place(ticket, priority);
          if (queue.add(ticket, priority)) restored++;
        }
        return restored;
      },
      withdraw: async (deploymentId, ticket) => this.#queueOf(deploymentId).withdraw(ticket),
      consume: async (deploymentId, slots, handle) => consume(deploymentId, slots, handle),
      depth: async (deploymentId) => this.#queueOf(deploymentId).depth,
      obliterate: async (deploymentId) => this.#queueOf(deploymentId).wipe(),
      onAmnesia: (listener) => listen(this.#amnesia, listener),
      ping: async () => {},
      close: async () => die(),
    };
    const bus: Bus = {
      poke: (room) => {
        this.#say(this.#listenersOf(room), undefined);
      },
      onPoke: (room, listener) => listen(this.#listenersOf(room), listener),
      announce: (notice) => {
        this.#say(this.#notices, notice);
      },
      onNotice: (listener) => listen(this.#notices, listener),
      close: async () => die(),
    };
    return { queues, bus, close: async () => die(), die };
  }

  /** To each by itself, and not to one who has left when it arrives. */
  #say<Said>(listeners: ReadonlySet<Listener<Said>>, said: Said): void {
    for (const listener of listeners) {
      this.#options.clock.after(0, () => {
        if (listeners.has(listener)) listener(said);
      });
    }
  }

  #queueOf(deploymentId: string): TicketQueue {
    const queue = this.#queues.get(deploymentId) ?? new TicketQueue(this.#options.clock, this.#options.lockMs);
    this.#queues.set(deploymentId, queue);
    return queue;
  }

  #listenersOf(room: Room): Set<Listener<void>> {
    const listeners = this.#pokes.get(room) ?? new Set();
    this.#pokes.set(room, listeners);
    return listeners;
  }
}
