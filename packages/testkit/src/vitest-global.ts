import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createLogger } from '@hearth/kit';
import { migrate, startEmbeddedPostgres } from '@hearth/store';
import { Client } from 'pg';
import { TEST_POSTGRES } from './postgres.ts';
import { scratchFolder } from './scratch.ts';

/** One Postgres with a migrated template; each test file gets a copy. */
interface Cluster {
  /** A fresh copy's URL. */
  create(): Promise<string>;
  drop(name: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * vitest's global set-up: one cluster for the whole run, behind a small server that `testDatabase` asks. It starts when
 * the first test asks, so that runs without a database don't wait for one.
 */
export default async function setup(): Promise<() => Promise<void>> {
  let started: Promise<Cluster> | null = null;
  const answer = async (method: string, path: string): Promise<string> => {
    started ??= startCluster();
    const cluster = await started;
    if (method !== 'DELETE') return cluster.create();
    await cluster.drop(path.slice(1));
    return '';
  };
  const broker = createServer(({ method = '', url = '' }, response) => {
    answer(method, url).then(
      (text) => response.end(text),
      (error) => response.writeHead(500).end(String(error)),
    );
  });
  broker.listen(0, '127.0.0.1');
  await once(broker, 'listening');
  const address = broker.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  process.env[TEST_POSTGRES] = `http://127.0.0.1:${address.port}`;

  return async () => {
    broker.close();
    broker.closeAllConnections();
    await (await started)?.stop();
  };
}

/** An embedded one that writes nothing to disk for good; or the one that `DATABASE_URL_TEST` names. */
async function startCluster(): Promise<Cluster> {
  const given = process.env.DATABASE_URL_TEST;
  const server = given ? { url: given, stop: async () => {} } : await startEphemeral();
  const template = `hearth_template_${process.pid}`;
  const urlOf = (name: string) => {
    const url = new URL(server.url);
    url.pathname = `/${name}`;
    return url.href;
  };
  const admin = new Client({ connectionString: server.url });
  await admin.connect();
  const drop = async (name: string) => {
    await admin.query(`drop database ${admin.escapeIdentifier(name)} with (force)`);
  };
  await admin.query(`create database ${template}`);
  await migrate(urlOf(template));

  return {
    async create() {
      const name = `hearth_test_${randomBytes(8).toString('hex')}`;
      await admin.query(`create database ${name} template ${template}`);
      return urlOf(name);
    },
    drop,
    async stop() {
      await drop(template);
      await admin.end();
      await server.stop();
    },
  };
}

async function startEphemeral(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = await scratchFolder('hearth-test-postgres-');
  const log = createLogger({ room: 'test', level: 'warn' });
  const server = await startEmbeddedPostgres({ dataDir, log, ephemeral: true });
  return {
    url: server.url,
    async stop() {
      await server.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}
