import type { Logger } from '@hearth/kit';
import type { Redis } from 'ioredis';
import { createListeners, createOutbox, createPokes, NOTICES, noticePayload, pokesOf } from '../bus.ts';
import type { Bus } from '../port.ts';

/** Pokes and notices by Redis pub/sub. `subscriber` is a connection for this alone. */
export function createRedisBus(publisher: Redis, subscriber: Redis, log: Logger): Bus {
  const listeners = createListeners((channel) => {
    subscriber
      .subscribe(channel)
      .catch((error: unknown) => log.debug({ err: error }, `subscribing to ${channel} failed`));
  }, log);
  subscriber.on('message', listeners.deliver);
  subscriber.on('ready', listeners.reconnected);

  const outbox = createOutbox(async (messages) => {
    // Nothing is kept for later: what happened meanwhile is found by looking.
    if (publisher.status !== 'ready') return;
    await Promise.all(messages.map(([channel, payload]) => publisher.publish(channel, payload)));
  }, log);

  const pokes = createPokes((room) => outbox.send(pokesOf(room), ''));

  return {
    poke: pokes.send,
    onPoke: (room, listener) => listeners.add(pokesOf(room), listener),
    announce: (notice) => outbox.send(NOTICES, noticePayload(notice)),
    onNotice: (listener) => listeners.add(NOTICES, (payload) => listener(JSON.parse(payload))),
    async close() {
      pokes.close();
      await outbox.close();
      subscriber.off('ready', listeners.reconnected);
      subscriber.off('message', listeners.deliver);
    },
  };
}
