import { createLogger } from '@hearth/kit';
import { createStore, type Store } from '@hearth/store';
import { testDatabase } from '@hearth/testkit';
import { Client } from 'pg';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { serveTerms } from '../src/terms.ts';
import { eventually } from './world.ts';

const database = await testDatabase();
const log = createLogger({ room: 'test', level: 'silent' });
const stores: Store[] = [];
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
afterAll(async () => {
  for (const store of stores) await store.close();
  await database.close();
});

/** Serves terms that only note that they began and ended. */
async function candidate(events: string[], name: string, start = async () => {}) {
  const store = await createStore({ url: database.url, maxConnections: 1 });
  stores.push(store);
  const stopping = new AbortController();
  const served = serveTerms(store, log, stopping.signal, async () => {
    await start();
    events.push(`${name} began`);
    return { close: async () => void events.push(`${name} ended`) };
  });
  const stop = async () => {
    stopping.abort();
    await served;
  };
  stops.push(stop);
  return { stop, served };
}

describe('terms', () => {
  it('are served one at a time; a standby takes over', async () => {
    const events: string[] = [];
    const first = await candidate(events, 'first');
    await eventually(() => expect(events).toEqual(['first began']));
    await candidate(events, 'second');
    await first.stop();
    await eventually(() => expect(events).toEqual(['first began', 'first ended', 'second began']));
  });

  it('end with the connection that leads, and begin anew', async () => {
    const events: string[] = [];
    await candidate(events, 'it');
    await eventually(() => expect(events).toEqual(['it began']));
    const admin = new Client({ connectionString: database.url });
    await admin.connect();
    await admin.query(
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    await admin.end();
    await eventually(() => expect(events).toEqual(['it began', 'it ended', 'it began']));
  });

  it('that cannot begin are tried again, unless the address cannot be had', async () => {
    const events: string[] = [];
    let failures = 1;
    await candidate(events, 'it', async () => {
      if (failures-- > 0) throw new Error('the database is away');
    });
    await eventually(() => expect(events).toEqual(['it began']));
    await stops.pop()?.();
    const { served } = await candidate(events, 'other', async () => {
      throw Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' });
    });
    stops.pop();
    await expect(served).rejects.toThrow('EADDRINUSE');
  });
});
