import type { Logger } from '@hearth/kit';
import type { Client, Notification, Pool } from 'pg';
import { createBus, createListeners } from '../bus.ts';
import type { Bus } from '../port.ts';
import { createSession } from './pools.ts';

const RECONNECT_MS = 200;

export interface PostgresBusDeps {
  readonly url: string;
  readonly queries: Pool;
  /** Called after each reconnect of the listening session. */
  readonly onReconnect: () => void;
  readonly log: Logger;
}

/** NOTIFY takes 8000 bytes; what is larger than that is read from the store. */
const MAX_NOTICE_BYTES = 7_900;

/** Pokes and notices by NOTIFY, heard on a session of its own. */
export async function createPostgresBus({ url, queries, onReconnect, log }: PostgresBusDeps): Promise<Bus> {
  let session: Client | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const listen = (channel: string): void => {
    // A session that just died listens again to every channel once it is back.
    session
      ?.query(`listen ${channel}`)
      .catch((error: unknown) => log.debug({ err: error }, `listening to ${channel} failed`));
  };
  const listeners = createListeners(listen, log);

  const open = async (): Promise<void> => {
    const next = createSession(url);
    next.on('error', (error) => lost(next, error));
    next.on('end', () => lost(next, null));
    next.on('notification', ({ channel, payload = '' }: Notification) => listeners.deliver(channel, payload));
    await next.connect();
    for (const channel of listeners.channels()) await next.query(`listen ${channel}`);
    session = next;
  };
  const lost = (which: Client, error: Error | null): void => {
    if (closed || session !== which) return;
    session = null;
    log.warn({ err: error }, 'connection to Postgres lost, trying again');
    reopenLater();
  };
  const reopenLater = (): void => {
    timer = setTimeout(() => {
      open().then(
        () => {
          log.info('Postgres is back');
          listeners.reconnected();
          onReconnect();
        },
        () => {
          // Still away; the loss was reported.
          if (!closed) reopenLater();
        },
      );
    }, RECONNECT_MS);
  };
  await open();

  return createBus({
    listeners,
    log,
    maxNoticeBytes: MAX_NOTICE_BYTES,
    async publish(messages) {
      await queries.query(
        'select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as t(channel, payload)',
        [messages.map(([channel]) => channel), messages.map(([, payload]) => payload)],
      );
    },
    async disconnect() {
      closed = true;
      clearTimeout(timer);
      await session?.end();
    },
  });
}
