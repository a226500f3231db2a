import { createListenerSet } from '../listener-set.ts';
import { createQueues } from '../queues.ts';
import type { Transport, TransportOptions } from '../transport.ts';
import { watchForAmnesia } from './amnesia.ts';
import { createRedisBus } from './bus.ts';
import { connect, connectMore } from './connection.ts';
import { createRedisTicketStore } from './ticket-store.ts';

/** Three connections (producing, working, subscribing), and one more for each consumer. */
export async function createRedisTransport(
  url: string,
  { now, log, lockMs }: Required<TransportOptions>,
): Promise<Transport> {
  const producer = await connect(url, log);
  const [work, subscriber] = await Promise.all([connectMore(producer), connectMore(producer)]);

  const forgetful = createListenerSet(log);
  const watch = watchForAmnesia(producer, forgetful.call);
  const store = createRedisTicketStore(producer, work, lockMs, log);
  const queues = createQueues({ store, onAmnesia: forgetful.add, now, log });
  const bus = createRedisBus(producer, subscriber, log);

  return {
    queues,
    bus,
    async close() {
      watch.close();
      await bus.close();
      await queues.close();
      for (const connection of [subscriber, work, producer]) connection.disconnect();
    },
  };
}
