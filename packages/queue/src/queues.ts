import type { Logger } from '@hearth/kit';
import { jobIdOf, queueNameOf, type TicketQueue, type TicketStore } from './bull.ts';
import { type OpenConsumer, openConsumer } from './consumer.ts';
import { answered } from './errors.ts';
import type { QueuedTicket, Queues, Ticket } from './port.ts';

/** Open Queue objects kept; each holds listeners on the shared connection, nothing else. */
const MAX_OPEN_QUEUES = 500;
const JOB_NAME = 'ticket';

export interface QueuesDeps {
  readonly store: TicketStore;
  readonly onAmnesia: Queues['onAmnesia'];
  readonly now: () => number;
  readonly log: Logger;
}

/** The Queues port on BullMQ, the same for both stores. Every method but `consume`'s handler throws only TransportDown. */
export function createQueues({ store, onAmnesia, now, log }: QueuesDeps): Queues {
  const open = createOpenQueues(store, log);
  const consumers = new Set<OpenConsumer>();

  const withQueue = <T>(what: string, deploymentId: string, work: (queue: TicketQueue) => Promise<T>): Promise<T> =>
    answered(what, () => work(open.get(deploymentId))).catch((error: unknown) => {
      // A Queue object whose first contact failed stays broken for ever.
      open.forget(deploymentId);
      throw error;
    });

  const restoreOne = (deploymentId: string, tickets: readonly QueuedTicket[]): Promise<number> =>
    withQueue('restoring tickets', deploymentId, async (queue) => {
      const priorities = await store.priorities(queueNameOf(deploymentId), tickets.map(jobIdOf));
      const missing = tickets.filter((ticket) => !priorities.has(jobIdOf(ticket)));
      const misplaced = tickets.filter(
        (ticket) => (priorities.get(jobIdOf(ticket)) ?? ticket.priority) !== ticket.priority,
      );
      // One that a consumer holds stays, and adding it again changes nothing.
      await Promise.all(misplaced.map((ticket) => queue.remove(jobIdOf(ticket))));
      if (missing.length + misplaced.length > 0) await queue.addBulk([...missing, ...misplaced].map(asJob));
      return missing.length;
    });

  return {
    async enqueue(deploymentId, ticket, priority = 0) {
      const { name, data, opts } = asJob({ ...ticket, priority });
      const add = (queue: TicketQueue) => queue.add(name, data, opts);
      await withQueue('enqueueing a ticket', deploymentId, add);
    },
    async restore(tickets) {
      const byDeployment = Map.groupBy(tickets, ({ deploymentId }) => deploymentId);
      let restored = 0;
      for (const [deploymentId, theirs] of byDeployment) restored += await restoreOne(deploymentId, theirs);
      return restored;
    },
    async withdraw(deploymentId, ticket) {
      await withQueue('withdrawing a ticket', deploymentId, (queue) => queue.remove(jobIdOf(ticket)));
    },
    async consume(deploymentId, slots, handle) {
      const openWorker = store.openWorker.bind(store, queueNameOf(deploymentId));
      const consumer = openConsumer({ openWorker, slots, handle, now, log });
      consumers.add(consumer);
      try {
        await answered('attaching a consumer', consumer.ready);
      } catch (error) {
        consumers.delete(consumer);
        await consumer.abandon();
        throw error;
      }
      return {
        setSlots: (count) => consumer.setSlots(count),
        close: () => consumer.close().finally(() => consumers.delete(consumer)),
      };
    },
    depth: (deploymentId) =>
      withQueue('counting tickets', deploymentId, async (queue) => {
        const counts = await queue.getJobCounts('wait', 'prioritized', 'delayed', 'active');
        const { wait = 0, prioritized = 0, delayed = 0, active = 0 } = counts;
        return { waiting: wait + prioritized + delayed, active };
      }),
    async obliterate(deploymentId) {
      await withQueue('removing a queue', deploymentId, (queue) => queue.obliterate({ force: true }));
      open.forget(deploymentId);
    },
    onAmnesia,
    ping: () => answered('ping', () => store.ping()),
    async close() {
      await Promise.all([...consumers].map((consumer) => consumer.abandon()));
      await open.close();
    },
  };
}

const asJob = ({ predictionId, attempt, priority }: Ticket & { priority: number }) => {
  const data = { predictionId, attempt };
  return { name: JOB_NAME, data, opts: { jobId: jobIdOf(data), priority } };
};

/** Queue objects by deployment; the least recently used one goes when there are too many. */
function createOpenQueues(store: TicketStore, log: Logger) {
  const queues = new Map<string, TicketQueue>();
  const closeQueue = (queue: TicketQueue): Promise<void> =>
    queue.close().catch((error: unknown) => log.debug({ err: error }, 'closing a queue failed'));

  const forget = (deploymentId: string): void => {
    const queue = queues.get(deploymentId);
    queues.delete(deploymentId);
    if (queue) void closeQueue(queue);
  };
  return {
    get(deploymentId: string): TicketQueue {
      const queue = queues.get(deploymentId) ?? store.openQueue(queueNameOf(deploymentId));
      queues.delete(deploymentId);
      queues.set(deploymentId, queue);
      const [oldest] = queues.keys();
      if (queues.size > MAX_OPEN_QUEUES && oldest !== undefined) forget(oldest);
      return queue;
    },
    forget,
    async close(): Promise<void> {
      await Promise.all([...queues.values()].map(closeQueue));
      queues.clear();
    },
  };
}
