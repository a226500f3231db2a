import type { Logger } from '@hearth/kit';
import { Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { QUEUE_OPTIONS, type TicketProcessor, type TicketStore, workerOptions } from '../bull.ts';
import type { Ticket } from '../port.ts';

const PREFIX = 'bull';

/**
 * BullMQ on Redis. Two connections for all queues and workers of a process, and one more for each worker, which blocks
 * on it while the queue is empty.
 */
export function createRedisTicketStore(producer: Redis, work: Redis, lockMs: number, log: Logger): TicketStore {
  const note = (error: Error): void => log.debug({ err: error }, 'BullMQ');
  return {
    openQueue(name) {
      const queue = new Queue<Ticket, void>(name, { connection: producer, prefix: PREFIX, ...QUEUE_OPTIONS });
      queue.on('error', note);
      return queue;
    },
    openWorker(name: string, process: TicketProcessor) {
      const worker = new Worker<Ticket, void>(name, process, {
        connection: work,
        prefix: PREFIX,
        ...workerOptions(lockMs),
        // Seconds. Bounds how long a wake-up lost with a connection goes unnoticed.
        drainDelay: 1,
      });
      worker.on('error', note);
      return worker;
    },
    async priorities(queueName, jobIds) {
      const pipeline = producer.pipeline();
      for (const jobId of jobIds) pipeline.hget(`${PREFIX}:${queueName}:${jobId}`, 'priority');
      const replies = (await pipeline.exec()) ?? [];
      const priorities = new Map<string, number>();
      for (const [index, [error, found]] of replies.entries()) {
        if (error) throw error;
        const jobId = jobIds[index];
        if (found !== null && jobId !== undefined) priorities.set(jobId, Number(found));
      }
      return priorities;
    },
    async ping() {
      await producer.ping();
    },
  };
}
