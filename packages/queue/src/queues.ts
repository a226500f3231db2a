import type { Logger } from '@hearth/kit';
import { jobIdOf, queueNameOf, type TicketQueue, type TicketStore } from './bull.ts';
import { type OpenConsumer, openConsumer } from './consumer.ts';
import { answered } from './errors.ts';
import type { Queues, Ticket } from './port.ts';

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

  const restoreOne = (deploymentId: string, tickets: readonly Ticket[]): Promise<number> =>
    withQueue('restoring tickets', deploymentId, async (queue) => {
      const present = await store.present(queueNameOf(deploymentId), tickets.map(jobIdOf));
      const missing = tickets.filter((ticket) => !present.has(jobIdOf(ticket)));
      if (missing.length === 0) return 0;
      await queue.addBulk(missing.map((data) => ({ name: JOB_NAME, data, opts: { jobId: jobIdOf(data) } })));
      return missing.length;
    });

  return {
    async enqueue(deploymentId, { predictionId, attempt }) {
      const ticket = { predictionId, attempt };
      const add = (queue: TicketQueue) => queue.add(JOB_NAME, ticket, { jobId: jobIdOf(ticket) });
      await withQueue('enqueueing a ticket', deploymentId, add);
    },
    async restore(tickets) {
      const byDeployment = Map.groupBy(tickets, ({ deploymentId }) => deploymentId);
      let restored = 0;
      for (const [deploymentId, theirs] of byDeployment) {
        const bare = theirs.map(({ predictionId, attempt }) => ({ predictionId, attempt }));
        restored += await restoreOne(deploymentId, bare);
      }
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
        const { wait = 0, delayed = 0, active = 0 } = await queue.getJobCounts('wait', 'delayed', 'active');
        return { waiting: wait + delayed, active };
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
