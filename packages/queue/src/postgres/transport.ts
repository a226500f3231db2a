import { runMigrations } from 'bullmq';
import { answered } from '../errors.ts';
import { createListenerSet } from '../listener-set.ts';
import { createQueues } from '../queues.ts';
import type { Transport, TransportOptions } from '../transport.ts';
import { createPostgresBus } from './bus.ts';
import { createPools, createSession } from './pools.ts';
import { createPostgresTicketStore } from './ticket-store.ts';

const MIGRATE_WITHIN_MS = 15_000;

/** Up to five connections for queries, one for the bus, and one more for each consumer. */
export async function createPostgresTransport(
  url: string,
  { now, log, lockMs }: Required<TransportOptions>,
): Promise<Transport> {
  await answered('preparing the queues in Postgres', () => migrate(url), MIGRATE_WITHIN_MS);

  const pools = createPools(url, log);
  const forgetful = createListenerSet(log);
  const bus = await createPostgresBus({ url, queries: pools.queries, onReconnect: forgetful.call, log });
  const queues = createQueues({
    store: createPostgresTicketStore(pools, lockMs, log),
    onAmnesia: forgetful.add,
    now,
    log,
  });

  return {
    queues,
    bus,
    async close() {
      await bus.close();
      await queues.close();
      await pools.close();
    },
  };
}

async function migrate(url: string): Promise<void> {
  const session = createSession(url);
  // An unheard `error` event would end the process; the failing query tells.
  session.on('error', () => {});
  await session.connect();
  try {
    await runMigrations(session);
  } finally {
    await session.end();
  }
}
