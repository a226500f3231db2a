import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { newSecret } from '@hearth/kit';
import type { Client } from 'pg';
import { from } from 'pg-copy-streams';
import { connect } from '../database.ts';
import { isMigration, migrate } from '../migrate.ts';
import { type BackupSequence, type BackupTable, columnList, quoted, readTables } from './layout.ts';

/** The database cannot take a backup in; the message says why. */
export class CannotLoad extends Error {
  override readonly name = 'CannotLoad';
}

export interface LoadOptions {
  readonly url: string;
  /** What the backup says of itself. */
  readonly schema: string;
  readonly tables: readonly BackupTable[];
  readonly sequences: readonly BackupSequence[];
  /** The original is gone for good: go on under its name, with what it left running. */
  readonly takeOver: boolean;
}

export interface Load {
  /** Rows in the text format of COPY. In the order of the backup's tables. Answers how many there were. */
  copy(table: BackupTable, rows: Readable): Promise<number>;
  /** Keeps all that was copied, and brings it to the newest schema. */
  commit(): Promise<void>;
  /** Keeps nothing. */
  abandon(): Promise<void>;
}

/**
 * Takes a backup in, in one transaction: all of it or nothing. Into a database that has the schema at most, no data.
 * @throws CannotLoad where it has data, or where the backup is newer than this Hearth
 */
export async function openLoad(options: LoadOptions): Promise<Load> {
  const { url, schema, tables, sequences, takeOver } = options;
  if (!isMigration(schema)) {
    throw new CannotLoad(`the backup was made by a newer Hearth (schema ${schema}). Update this one first.`);
  }
  const connection = connect(url, 1);
  const client = connection.client();
  // An error ends the connection, and the query that meets it reports it.
  client.on('error', () => {});
  const close = async (): Promise<void> => {
    await client.end();
    await connection.db.destroy();
  };
  try {
    await client.connect();
    if (await hasAccounts(client)) throw new CannotLoad('the database has data already. Restore into an empty one.');
    await migrate(url, schema);
    await client.query('begin');
    await clear(client);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async copy(table, rows) {
      const into = client.query(from(`copy ${quoted(table.name)} (${columnList(table)}) from stdin`));
      await pipeline(rows, into);
      return into.rowCount;
    },
    async commit() {
      for (const { name, value } of sequences)
        if (value !== null) await client.query('select setval($1, $2::bigint)', [quoted(name), value]);
      if (!takeOver) await becomeAnother(client, tables);
      for (const { name } of tables) await client.query(`alter table ${quoted(name)} enable trigger user`);
      await client.query('commit');
      await close();
      await migrate(url);
    },
    abandon: close,
  };
}

async function hasAccounts(client: Client): Promise<boolean> {
  const { rows: there } = await client.query<{ there: boolean }>("select to_regclass('accounts') is not null as there");
  if (there[0]?.there !== true) return false;
  const { rows } = await client.query('select 1 from accounts limit 1');
  return rows.length > 0;
}

/** Takes out what the migrations put in, and keeps triggers from adding to or forbidding what is copied. */
async function clear(client: Client): Promise<void> {
  const tables = await readTables(client);
  for (const { name } of tables) await client.query(`alter table ${quoted(name)} disable trigger user`);
  for (const { name } of tables.toReversed()) await client.query(`delete from ${quoted(name)}`);
}

/**
 * The original may still run, on this machine too: what it runs is not this one's to end or to send predictions to, so this
 * one looks for another name on containers and on a bucket, and leaves the GPUs of other machines to it.
 */
async function becomeAnother(client: Client, tables: readonly BackupTable[]): Promise<void> {
  await client.query("update settings set value = $1 where key = 'installation'", [newSecret()]);
  const message = 'Hearth was restored from a backup that was made while it ran.';
  await client.query(
    `update instances set state = 'failed', since = now(), reason = $1, failure = json_build_object(
      'kind', 'lost', 'phase', null, 'message', $1::text, 'logTail', '', 'exitCode', null,
      'at', floor(extract(epoch from now()) * 1000))
    where state not in ('stopped', 'failed')`,
    [message],
  );
  // An older backup knows this machine alone.
  const knowsOthers = tables.some(({ name, columns }) => name === 'hosts' && columns.includes('connection'));
  if (knowsOthers) await client.query('update hosts set cordoned = true where connection is not null');
}
