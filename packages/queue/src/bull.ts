import type { Ticket } from './port.ts';

/** What we use of a BullMQ job, whichever store it is on. */
export interface TicketJob {
  readonly data: Ticket;
  moveToDelayed(timestamp: number, token?: string): Promise<void>;
  moveToWait(token?: string): Promise<unknown>;
}

export interface TicketOptions {
  readonly jobId: string;
  /** BullMQ takes jobs of priority 0 from a list, first come, first served, and before it looks at any other. */
  readonly priority: number;
}

/** What we use of a BullMQ Queue. */
export interface TicketQueue {
  add(name: string, data: Ticket, options: TicketOptions): Promise<unknown>;
  addBulk(jobs: { name: string; data: Ticket; opts: TicketOptions }[]): Promise<unknown>;
  /** 1 when it was removed; 0 when it is gone or locked by a worker. */
  remove(jobId: string): Promise<number>;
  getJobCounts(...states: ('wait' | 'prioritized' | 'active' | 'delayed')[]): Promise<Record<string, number>>;
  obliterate(options: { force: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** What we use of a BullMQ Worker. */
export interface TicketWorker {
  concurrency: number;
  run(): Promise<void>;
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): Promise<void>;
  waitUntilReady(): Promise<void>;
  close(force?: boolean): Promise<void>;
}

export type TicketProcessor = (job: TicketJob, token?: string) => Promise<void>;

/** What differs between Redis and Postgres under BullMQ. */
export interface TicketStore {
  openQueue(name: string): TicketQueue;
  /** Not yet running. */
  openWorker(name: string, process: TicketProcessor): TicketWorker;
  /** Those of these job ids that the queue holds in any state, with their priorities. */
  priorities(queueName: string, jobIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  ping(): Promise<void>;
}

/** BullMQ refuses ':' in names; deployment ids have none. */
export const queueNameOf = (deploymentId: string): string => `hearth-${deploymentId}`;

/** Adding a job whose id is known changes nothing, so a ticket enqueued twice is there once. */
export const jobIdOf = (ticket: Ticket): string => `${ticket.predictionId}-${ticket.attempt}`;

/** Tickets leave nothing behind, whatever became of them: the store has the facts. */
export const QUEUE_OPTIONS = {
  defaultJobOptions: { removeOnComplete: true, removeOnFail: true, stackTraceLimit: 0 },
  // Nobody reads BullMQ's event streams here.
  streams: { events: { maxLen: 10 } },
};

/** Options of every worker; `lockMs` is how long a dead dispatcher's tickets stay locked. */
export const workerOptions = (lockMs: number) => ({
  autorun: false,
  lockDuration: lockMs,
  stalledInterval: Math.ceil(lockMs / 3),
  // A ticket that was delivered again is harmless (the store's claim fences it); failing it would lose it.
  maxStalledCount: 1_000_000,
  // After a connection error; BullMQ's default of 15 s would outlast most restarts of Redis.
  runRetryDelay: 200,
});
