import type { Logger } from '@hearth/kit';
import { createPostgresBackend, withBackend } from 'bullmq';
import { QUEUE_OPTIONS, type TicketProcessor, type TicketStore, workerOptions } from '../bull.ts';
import type { Ticket } from '../port.ts';
import type { Pools } from './pools.ts';

const { Queue, Worker } = withBackend(createPostgresBackend);

/** BullMQ on Postgres: one pool of queries for all, and one connection that listens for each worker. */
export function createPostgresTicketStore(pools: Pools, lockMs: number, log: Logger): TicketStore {
  const note = (error: Error): void => log.debug({ err: error }, 'BullMQ');
  return {
    openQueue(name) {
      const queue = new Queue<Ticket, void>(name, { connection: pools.share(), ...QUEUE_OPTIONS });
      queue.on('error', note);
      return queue;
    },
    openWorker(name: string, process: TicketProcessor) {
      const worker = new Worker<Ticket, void>(name, process, {
        connection: pools.share(),
        ...workerOptions(lockMs),
        // Seconds between looks at an empty queue; NOTIFY wakes it before that.
        drainDelay: 5,
      });
      worker.on('error', note);
      return worker;
    },
    async priorities(queueName, jobIds) {
      const { rows } = await pools.queries.query<{ id: string; priority: number }>(
        'select id, priority from job where queue = $1 and id = any($2::text[])',
        [queueName, [...jobIds]],
      );
      return new Map(rows.map(({ id, priority }) => [id, priority]));
    },
    async ping() {
      await pools.queries.query('select 1');
    },
  };
}
