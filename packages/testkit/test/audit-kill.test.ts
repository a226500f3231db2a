import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '@hearth/kit';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../src/house.ts';
import { type TestDatabase, testDatabase } from '../src/postgres.ts';

const TOKEN = 'hth_test_token_of_the_audit_0000000000000000';

let database: TestDatabase;
let folder: string;
let admin: Client;
let api: Api;
beforeAll(async () => {
  database = await testDatabase();
  folder = await mkdtemp(join(tmpdir(), 'hearth-audit-'));
  admin = new Client({ connectionString: database.url });
  await admin.connect();
  api = await startApi();
});
afterAll(async () => {
  await api.kill9();
  await admin.end();
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

interface Api {
  request(method: string, path: string, body?: unknown): Promise<Response>;
  /** `hearth audit …`: what it prints. */
  audit(...args: string[]): Promise<string>;
  kill9(): Promise<void>;
}

async function startApi(): Promise<Api> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const env = {
    PATH: process.env.PATH,
    DATABASE_URL: database.url,
    HEARTH_API_TOKEN: TOKEN,
    HEARTH_DATA_DIR: folder,
    HEARTH_HOST: '127.0.0.1',
    HEARTH_PORT: new URL(url).port,
    HEARTH_URL: url,
    NO_COLOR: '1',
    LOG_LEVEL: 'silent',
  };
  const main = (app: string) => fileURLToPath(new URL(`../../../apps/${app}/src/main.ts`, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [main('api')], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const request: Api['request'] = (method, path, body) =>
    fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  await eventually('the API to answer', async () => (await request('GET', '/v1/account')).ok);
  return {
    request,
    async audit(...args) {
      const command = spawn(process.execPath, [main('cli'), 'audit', ...args], {
        env,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let printed = '';
      command.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      await once(command, 'close');
      return printed;
    },
    async kill9() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Ends the API with -9 while its insert into a table waits, and the insert with it; then starts it again. */
async function killAtInsertInto(table: string, ask: () => Promise<Response>): Promise<void> {
  const waiting = () => admin.query('select pid from pg_locks where relation = $1::regclass and not granted', [table]);
  await admin.query('begin');
  await admin.query(`lock table ${table} in exclusive mode`);
  const answer = ask().catch((error: unknown) => error);
  await eventually(`an insert into ${table}`, async () => (await waiting()).rows.length === 1);
  await api.kill9();
  expect(await answer).toBeInstanceOf(Error);
  await admin.query('select pg_terminate_backend(pid) from pg_locks where relation = $1::regclass and not granted', [
    table,
  ]);
  await eventually(`the end of the insert into ${table}`, async () => (await waiting()).rows.length === 0);
  await admin.query('rollback');
  api = await startApi();
}

test.each([
  { at: 'before the entry', table: 'audit_entries', isMade: false, isLogged: false },
  { at: 'between the entry and the change', table: 'models', isMade: false, isLogged: true },
  { at: 'between the change and its outcome', table: 'audit_outcomes', isMade: true, isLogged: true },
])(
  'kill -9 $at: no change is without its entry',
  async ({ table, isMade, isLogged }) => {
    const name = `at-${table.replaceAll('_', '-')}`;
    const model = { owner: 'hearth', name, visibility: 'private', hardware: 'cpu' };
    await killAtInsertInto(table, () => api.request('POST', '/v1/models', model));
    expect((await api.request('GET', `/v1/models/hearth/${name}`)).status).toBe(isMade ? 200 : 404);
    const lines = (await api.audit('--outcome', 'unknown')).split('\n').filter((line) => line.includes(name));
    expect(lines).toHaveLength(isLogged ? 1 : 0);
    for (const line of lines)
      expect(line).toMatch(
        /hearth\/hearth .*models\.create .*not known: look at the thing itself .*asked for owner: "hearth"/,
      );
  },
  90_000,
);
