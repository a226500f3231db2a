import { runSql } from '@hearth/testkit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStore, migrate, type Store } from '../src/index.ts';
import { openWorld, until, type World } from './world.ts';

let world: World;
let store: Store;
let admin: Client;
beforeAll(async () => {
  world = await openWorld();
  store = world.store;
  admin = new Client(world.url);
  // Closing the world drops the database under this connection's feet, should it still be open.
  admin.on('error', () => {});
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await world.close();
});

const locks = (granted: boolean) =>
  admin
    .query<{ pid: number }>(
      `select pid from pg_locks where locktype = 'advisory' and granted = $1
        and database = (select oid from pg_database where datname = current_database())`,
      [granted],
    )
    .then(({ rows }) => rows.map(({ pid }) => pid));
const stillWaits = async (promise: Promise<unknown>) =>
  (await Promise.race([promise, Promise.resolve('waits')])) === 'waits';
const never = new AbortController().signal;

describe('lead', () => {
  test('a standby waits, and takes over when the leader resigns', async () => {
    const first = await store.lead('scheduler', never);
    const standby = store.lead('scheduler', never);
    await until('the standby waits for the lock', async () => (await locks(false)).length === 1);
    expect(await stillWaits(standby)).toBe(true);
    await first.resign();
    const second = await standby;
    expect([first.lost.aborted, second.lost.aborted]).toEqual([false, false]);
    await second.resign();
  });

  test('a standby takes over when the leader’s connection dies, and the leader hears of it', async () => {
    const first = await store.lead('scheduler', never);
    const standby = store.lead('scheduler', never);
    await until('the standby waits for the lock', async () => (await locks(false)).length === 1);
    const [leader] = await locks(true);
    const lost = new Promise((resolve) => first.lost.addEventListener('abort', resolve));
    await admin.query('select pg_terminate_backend($1)', [leader]);
    await lost;
    const second = await standby;
    await second.resign();
    await first.resign();
  });

  test('the rooms do not wait for each other', async () => {
    const leaders = await Promise.all([store.lead('scheduler', never), store.lead('dispatcher', never)]);
    for (const leader of leaders) await leader.resign();
  });

  test('a standby that is told to stop leaves nothing behind', async () => {
    const leader = await store.lead('dispatcher', never);
    const abort = new AbortController();
    const standby = store.lead('dispatcher', abort.signal);
    await until('the standby waits for the lock', async () => (await locks(false)).length === 1);
    abort.abort(new Error('shutting down'));
    await expect(standby).rejects.toThrow('shutting down');
    await leader.resign();
    await until(
      'no lock is held or awaited',
      async () => (await locks(true)).length + (await locks(false)).length === 0,
    );
    await expect(store.lead('dispatcher', AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });
});

test('many processes may migrate at once, and again', async () => {
  await admin.query('create database empty_one');
  const url = new URL(world.url);
  url.pathname = '/empty_one';
  try {
    await Promise.all(Array.from({ length: 4 }, () => migrate(url.href)));
    await migrate(url.href);
    const fresh = await createStore({ url: url.href });
    expect(await fresh.instances.observe()).toEqual({ deployments: [], instances: [], hosts: [], hardware: [] });
    await fresh.close();
  } finally {
    await admin.query('drop database empty_one with (force)');
  }
});

test('a database that a newer Hearth has had is left as it is', async () => {
  await admin.query('create database newer_one');
  const url = new URL(world.url);
  url.pathname = '/newer_one';
  try {
    await migrate(url.href);
    await runSql(url.href, "insert into kysely_migration (name, timestamp) values ('9999-later', '')");
    await expect(migrate(url.href)).rejects.toThrow('The database has the schema of a newer Hearth (9999-later)');
  } finally {
    await admin.query('drop database newer_one with (force)');
  }
});

test('the store outlives its connections', async () => {
  await store.ping();
  await admin.query(
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  await until('the pool has noticed', () =>
    store.ping().then(
      () => true,
      () => false,
    ),
  );
  expect(await store.settings.ensure('after', () => 'all')).toBe('all');
});

test('a database that does not answer is an error at once', async () => {
  const url = new URL(world.url);
  url.password = 'wrong';
  await expect(createStore({ url: url.href })).rejects.toThrow(/password authentication failed/);
});
