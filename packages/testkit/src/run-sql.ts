import { Client } from 'pg';

/** Runs statements on a connection of their own: for what no port of ours would do to a database. */
export async function runSql(url: string, statements: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statements);
  } finally {
    await client.end();
  }
}
