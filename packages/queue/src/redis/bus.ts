import type { Logger } from '@hearth/kit';
import type { Redis } from 'ioredis';
import { createBus, createListeners } from '../bus.ts';
import type { Bus } from '../port.ts';

/** Everybody who listens gets every notice; what is larger than that is as well read from the store. */
const MAX_NOTICE_BYTES = 64 * 1024;

/** Pokes and notices by Redis pub/sub. `subscriber` is a connection for this alone. */
export function createRedisBus(publisher: Redis, subscriber: Redis, log: Logger): Bus {
  const listeners = createListeners((channel) => {
    subscriber
      .subscribe(channel)
      .catch((error: unknown) => log.debug({ err: error }, `subscribing to ${channel} failed`));
  }, log);
  subscriber.on('message', listeners.deliver);
  subscriber.on('ready', listeners.reconnected);

  return createBus({
    listeners,
    log,
    maxNoticeBytes: MAX_NOTICE_BYTES,
    async publish(messages) {
      // Nothing is kept for later: what happened meanwhile is found by looking.
      if (publisher.status !== 'ready') return;
      await Promise.all(messages.map(([channel, payload]) => publisher.publish(channel, payload)));
    },
    disconnect() {
      subscriber.off('ready', listeners.reconnected);
      subscriber.off('message', listeners.deliver);
    },
  });
}
