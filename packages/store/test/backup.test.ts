import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { newId } from '@hearth/kit';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inOrder } from '../src/backup/layout.ts';
import { CannotLoad, createStore, type Dump, migrate, openDump, openLoad } from '../src/index.ts';
import { addModel, addVersion, openWorld, type World } from './world.ts';

let world: World;
let admin: Client;
beforeAll(async () => {
  world = await openWorld();
  admin = new Client(world.url);
  // Closing the world drops the database under this connection's feet, should it still be open.
  admin.on('error', () => {});
  await admin.connect();
});
afterAll(async () => {
  for (const name of made) await admin.query(`drop database ${name} with (force)`);
  await admin.end();
  await world.close();
});

const made: string[] = [];
/** A database without a schema. */
async function emptyDatabase(): Promise<string> {
  const name = `restored_${randomBytes(4).toString('hex')}`;
  await admin.query(`create database ${name}`);
  made.push(name);
  const url = new URL(world.url);
  url.pathname = `/${name}`;
  return url.href;
}

async function query<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

async function copyAll(dump: Dump, url: string, takeOver = false): Promise<Record<string, number>> {
  const load = await openLoad({ ...dump, url, takeOver });
  const rows: Record<string, number> = {};
  for (const table of dump.tables) rows[table.name] = await load.copy(table, dump.copy(table));
  await load.commit();
  return rows;
}

const contents = async (url: string, table: string) =>
  query<{ row: unknown }>(url, `select to_jsonb(t) - 'search' as row from ${table} t order by to_jsonb(t)::text`);

describe('a database that was dumped and loaded', () => {
  let url: string;
  let dump: Dump;
  beforeAll(async () => {
    const { store } = world;
    await store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' });
    await store.settings.ensure('installation', () => 'the-original');
    await addVersion(store, (await addModel(store)).id);
    await addVersion(store);
    dump = await openDump(world.url);
    // Neither of it: it was written after the instant.
    await addModel(store, 'latecomer');
    url = await emptyDatabase();
    await copyAll(dump, url);
  });
  afterAll(() => dump.close());

  test('has every row of every table, as of the instant that the dump began', async () => {
    for (const { name } of dump.tables) {
      if (['settings'].includes(name)) continue;
      const rows = await contents(url, name);
      const original = await contents(world.url, name);
      const expected = original.filter(({ row }) => (row as { owner?: string }).owner !== 'latecomer');
      expect(rows, name).toEqual(expected);
    }
  });

  test('goes by another name, so that it leaves alone what the original runs', async () => {
    const [settings] = await query<{ value: string }>(url, "select value from settings where key = 'installation'");
    expect(settings?.value).not.toBe('the-original');
  });

  test('goes on counting where the original was', async () => {
    const store = await createStore({ url });
    const newest = await addVersion(store);
    const [row] = await query<{ last: boolean }>(
      url,
      `select seq = (select max(seq) from versions) as last from versions where id = '${newest.id}'`,
    );
    expect(row?.last).toBe(true);
    await store.close();
  });

  test('keeps its append-only tables append-only', async () => {
    const triggers = await query<{ tgname: string }>(
      url,
      "select tgname from pg_trigger where not tgisinternal and tgenabled = 'D'",
    );
    expect(triggers).toEqual([]);
  });

  test('is not loaded a second time', async () => {
    await expect(openLoad({ ...dump, url, takeOver: false })).rejects.toThrow(CannotLoad);
    await expect(openLoad({ ...dump, url, takeOver: false })).rejects.toThrow('has data already');
  });
});

test('what the original left running is not the restored one’s, unless that takes over', async () => {
  const from = await emptyDatabase();
  await migrate(from);
  const store = await createStore({ url: from });
  await store.accounts.ensure({ type: 'user', username: 'ada', name: 'Ada' });
  await store.settings.ensure('installation', () => 'the-original');
  const version = await addVersion(store);
  const id = newId(Date.now());
  await query(
    from,
    `insert into deployments (id, owner, name, implicit, model_id, model, version_id, hardware_sku, min_instances,
       max_instances, keep_alive, release, released_at, released_by, created_at)
     select '${id}', 'ada', 'd', false, model_id, 'ada/m', id, 'cpu', 0, 1, '{"kind":"fixed","ms":1000}', 1, now(), 'ada', now()
     from versions where id = '${version.id}'`,
  );
  await query(
    from,
    `insert into instances (id, deployment_id, version_id, hardware_sku, host_id, device_ids, runtime, memory_mib, slots,
       state, since, reason, callback_token_hash, created_at)
     values ('${id}', '${id}', '${version.id}', 'cpu', 'local', '{}', 'process', 0, 1, 'ready', now(), '', '${'0'.repeat(64)}', now())`,
  );
  await store.close();
  const dump = await openDump(from);
  const [beside, instead] = [await emptyDatabase(), await emptyDatabase()];
  await copyAll(dump, beside);
  await copyAll(dump, instead, true);
  await dump.close();
  const state = (url: string) => query(url, 'select state, failure->>$$kind$$ as kind from instances');
  const name = (url: string) => query(url, "select value from settings where key = 'installation'");
  expect(await state(beside)).toEqual([{ state: 'failed', kind: 'lost' }]);
  expect(await state(instead)).toEqual([{ state: 'ready', kind: null }]);
  expect(await name(instead)).toEqual([{ value: 'the-original' }]);
});

test('an older backup is brought to the newest schema, a newer one is refused', async () => {
  const old = await emptyDatabase();
  await migrate(old, '0009-waiting');
  await query(
    old,
    "insert into accounts (id, type, username, name, created_at) values ('a', 'user', 'ada', 'Ada', now())",
  );
  const dump = await openDump(old);
  expect(dump.schema).toBe('0009-waiting');
  const url = await emptyDatabase();
  expect(await copyAll(dump, url)).toMatchObject({ accounts: 1 });
  await dump.close();
  expect(await query(url, 'select username, weight from accounts')).toEqual([{ username: 'ada', weight: 1 }]);
  await expect(openLoad({ ...dump, schema: '9999-tomorrow', url, takeOver: false })).rejects.toThrow('a newer Hearth');
});

test('a load that is abandoned leaves nothing', async () => {
  const dump = await openDump(world.url);
  const url = await emptyDatabase();
  const load = await openLoad({ ...dump, url, takeOver: false });
  const [first] = dump.tables;
  if (first === undefined) throw new Error('there is a table');
  await expect(load.copy(first, Readable.from(['this is no row\n']))).rejects.toThrow();
  await load.abandon();
  await dump.close();
  expect(await query(url, 'select count(*)::int as count from accounts')).toEqual([{ count: 0 }]);
});

test('tables come after those that they need', () => {
  const tables = ['a', 'b', 'c'].map((name) => ({ name, columns: [] }));
  const needs = (table: string, other: string) => ({ table, needs: other });
  expect(inOrder(tables, [needs('a', 'b'), needs('b', 'c'), needs('c', 'c')]).map(({ name }) => name)).toEqual([
    'c',
    'b',
    'a',
  ]);
  expect(() => inOrder(tables, [needs('a', 'b'), needs('b', 'a')])).toThrow('these tables need each other: a, b');
});
