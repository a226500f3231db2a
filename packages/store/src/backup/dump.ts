import type { Readable } from 'node:stream';
import { to } from 'pg-copy-streams';
import { connect } from '../database.ts';
import {
  appliedSchema,
  type BackupSequence,
  type BackupTable,
  columnList,
  quoted,
  readSequences,
  readTables,
} from './layout.ts';

/** Everything in the database as it was at one instant, while it goes on being used. */
export interface Dump {
  /** The name of the newest migration that it has. */
  readonly schema: string;
  readonly tables: readonly BackupTable[];
  readonly sequences: readonly BackupSequence[];
  /** The rows of a table in the text format of COPY. One table at a time. */
  copy(table: BackupTable): Readable;
  count(table: BackupTable): Promise<number>;
  close(): Promise<void>;
}

/** Holds one connection and one snapshot until it is closed. @throws where the database does not answer */
export async function openDump(url: string): Promise<Dump> {
  const connection = connect(url, 1);
  const client = connection.client();
  // An error ends the connection, and the query that meets it reports it.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('begin transaction isolation level repeatable read read only');
    const schema = await appliedSchema(client);
    if (schema === null) throw new Error('there is no Hearth in this database');
    return {
      schema,
      tables: await readTables(client),
      sequences: await readSequences(client),
      copy: (table) => client.query(to(`copy ${quoted(table.name)} (${columnList(table)}) to stdout`)),
      async count({ name }) {
        const { rows } = await client.query<{ count: number }>(`select count(*) from ${quoted(name)}`);
        return Number(rows[0]?.count);
      },
      async close() {
        await client.end();
        await connection.db.destroy();
      },
    };
  } catch (error) {
    await client.end();
    await connection.db.destroy();
    throw error;
  }
}
