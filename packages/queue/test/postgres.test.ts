import { testDatabase } from '@hearth/testkit';
import { Client } from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Transport, TransportDown } from '../src/index.ts';
import { transportContract } from './contract/transport.contract.ts';
import { newDeployment, open, reachedAt, recorder, ticket, until } from './contract/under-test.ts';

const database = await testDatabase();
afterAll(() => database.close());

describe('the transport on Postgres', () => transportContract(reachedAt({ postgresUrl: database.url })));

describe('a Postgres that ends its connections', () => {
  let transport: Transport;
  let admin: Client;
  let deploymentId: string;
  beforeEach(async () => {
    transport = await open({ postgresUrl: database.url });
    admin = new Client({ connectionString: database.url });
    await admin.connect();
    deploymentId = newDeployment();
  });
  afterEach(async () => {
    await transport.close();
    await admin.end();
  });
  const others = 'datname = current_database() and pid <> pg_backend_pid()';
  const connections = async (): Promise<number> => {
    const { rows } = await admin.query<{ n: number }>(
      `select count(*)::int as n from pg_stat_activity where ${others}`,
    );
    return rows[0]?.n ?? 0;
  };

  it('is noticed; consumers stay attached, and listeners look again', async () => {
    const { handle, taken } = recorder();
    await transport.queues.consume(deploymentId, 1, handle);
    await transport.queues.enqueue(deploymentId, ticket('a'));
    await until(() => expect(taken).toEqual(['a']));
    let pokes = 0;
    transport.bus.onPoke('dispatcher', () => pokes++);
    const amnesia = new Promise<void>((resolve) => transport.queues.onAmnesia(resolve));
    await admin.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${others}`);
    await amnesia;
    expect(pokes).toBe(1);
    await until(() => transport.queues.enqueue(deploymentId, ticket('b')));
    await until(() => expect(taken).toEqual(['a', 'b']));
  });

  it('keeps one connection for each consumer, and none for a queue', async () => {
    const { handle } = recorder();
    await until(async () => expect(await connections()).toBe(1));
    for (let i = 0; i < 8; i++) await transport.queues.enqueue(newDeployment(), ticket('a'));
    const producing = await connections();
    const consumers = [];
    for (let i = 0; i < 4; i++) consumers.push(await transport.queues.consume(newDeployment(), 1, handle));
    await until(async () => expect(await connections()).toBeLessThanOrEqual(1 + 5 + 4));
    for (const consumer of consumers) await consumer.close();
    await until(async () => expect(await connections()).toBeLessThanOrEqual(1 + 5));
    expect(producing).toBeLessThanOrEqual(1 + 5 + 1);
  });

  it('from the start is TransportDown', async () => {
    await expect(open({ postgresUrl: 'postgres://u:p@127.0.0.1:1/db' })).rejects.toThrow(TransportDown);
  });
});
