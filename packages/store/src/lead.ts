import type { Connection } from './database.ts';
import type { Store } from './store.ts';

/** The first half of the two-part advisory lock keys; any number that nothing else on the database uses. */
const LOCK_SPACE = 0x48_45_41_52;
const LOCK_OF = { scheduler: 1, dispatcher: 2 } as const;

export function createLead(connection: Connection): Store['lead'] {
  return async (room, signal) => {
    signal.throwIfAborted();
    const client = connection.client();
    const lost = new AbortController();
    // An error ends the connection, and the end says it all.
    client.on('error', () => {});
    const ended = () => lost.abort(new Error(`the connection that leads the ${room} is gone`));
    client.on('end', ended);
    const giveUp = () => void client.end();
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      await client.connect();
      signal.throwIfAborted();
      await client.query('select pg_advisory_lock($1, $2)', [LOCK_SPACE, LOCK_OF[room]]);
    } catch (error) {
      await client.end();
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    return {
      lost: lost.signal,
      resign() {
        client.off('end', ended);
        return client.end();
      },
    };
  };
}
