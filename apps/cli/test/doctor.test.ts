import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { judgeDatabase, judgeEngine, judgeFolder, judgeHealth, judgeNode, judgeRedis } from '../src/doctor/judge.ts';
import { lookAtEverything } from '../src/doctor/look.ts';
import { upConfig } from '../src/up/config.ts';

const GIB = 2 ** 30;
const POSTGRES = {
  version: '18.4',
  major: 18,
  latencyMs: 0.4,
  clockAheadMs: 3,
  maxConnections: 200,
  isDurable: true,
  schema: '0032-leads',
  newestSchema: '0032-leads',
};
const REDIS = {
  version: '7.0.15',
  latencyMs: 0.2,
  appendOnly: true,
  writesWell: true,
  maxMemoryBytes: 0,
  usedMemoryBytes: 1_000_000,
  evictionPolicy: 'noeviction',
};
const ENGINE = { version: '27.0', at: '/var/run/docker.sock', cgroupDriver: 'systemd', hasNvidia: true, gpus: null };
const H100 = { driver: '570.1', names: ['NVIDIA H100'] };
const FOLDER = { path: '/data', exists: true, isWritable: true, freeBytes: 100 * GIB, exposed: [] };

describe('what is as it should be', () => {
  test.each([
    ['Node', [judgeNode('24.1.0')]],
    ['the folder', judgeFolder(FOLDER)],
    ['the database', judgeDatabase(POSTGRES)],
    ['Redis', judgeRedis(REDIS)],
    ['an engine without GPUs', judgeEngine(ENGINE, 'auto')],
    ['an engine with GPUs', judgeEngine({ ...ENGINE, gpus: H100, cgroupDriver: 'cgroupfs' }, 'auto')],
    ['the api', [judgeHealth({ store: 'ok', queue: 'ok' }, 'http://localhost:7600')]],
  ])('%s is said to be', (_what, findings) => {
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
  });
});

describe('what is wrong is named, with what to do', () => {
  test.each([
    ['an old Node', 'failed', [judgeNode('20.1.0')], 'npm start'],
    ['a folder of somebody else', 'failed', judgeFolder({ ...FOLDER, isWritable: false }), 'chown'],
    [
      'keys that others may read',
      'warning',
      judgeFolder({ ...FOLDER, exposed: ['secret.key'] }),
      'chmod 600 secret.key',
    ],
    ['a disk that is nearly full', 'warning', judgeFolder({ ...FOLDER, freeBytes: 3 * GIB }), 'HEARTH_DATA_DIR'],
    ['a disk that is full', 'failed', judgeFolder({ ...FOLDER, freeBytes: 1000 }), 'The database ends'],
    ['an old Postgres', 'failed', judgeDatabase({ ...POSTGRES, major: 12 }), 'Postgres 13'],
    ['one that loses commits', 'failed', judgeDatabase({ ...POSTGRES, isDurable: false }), 'Set both to on'],
    ['one far away', 'warning', judgeDatabase({ ...POSTGRES, latencyMs: 40 }), 'three round trips'],
    ['one with few connections', 'warning', judgeDatabase({ ...POSTGRES, maxConnections: 20 }), 'max_connections'],
    ['its clock ahead', 'warning', judgeDatabase({ ...POSTGRES, clockAheadMs: 60_000 }), 'NTP'],
    ['its clock behind', 'warning', judgeDatabase({ ...POSTGRES, clockAheadMs: -60_000 }), 'NTP'],
    ['an older schema', 'warning', judgeDatabase({ ...POSTGRES, schema: '0027-history' }), 'backup first'],
    ['a newer schema', 'failed', judgeDatabase({ ...POSTGRES, schema: '9999-next' }), 'Update this one'],
    ['an old Redis', 'failed', judgeRedis({ ...REDIS, version: '6.0.16' }), 'Redis 6.2'],
    ['one that evicts', 'failed', judgeRedis({ ...REDIS, evictionPolicy: 'allkeys-lru' }), 'noeviction'],
    ['one that cannot write', 'failed', judgeRedis({ ...REDIS, writesWell: false }), 'how full its disk is'],
    ['one that forgets', 'warning', judgeRedis({ ...REDIS, appendOnly: false }), 'appendonly yes'],
    [
      'one that is full',
      'warning',
      judgeRedis({ ...REDIS, maxMemoryBytes: GIB, usedMemoryBytes: 0.9 * GIB }),
      'maxmemory',
    ],
    ['no engine', 'warning', judgeEngine('no Docker Engine answers', 'auto'), 'Start Docker'],
    ['no engine where one is asked for', 'failed', judgeEngine('no Docker Engine answers', 'docker'), 'Start Docker'],
    [
      'GPUs without their runtime',
      'failed',
      judgeEngine({ ...ENGINE, hasNvidia: false, gpus: H100 }, 'auto'),
      'nvidia-ctk',
    ],
    ['GPUs under systemd', 'warning', judgeEngine({ ...ENGINE, gpus: H100 }, 'auto'), 'native.cgroupdriver=cgroupfs'],
    ['a sick api', 'failed', [judgeHealth({ store: 'ok', queue: 'no answer' }, 'http://x')], 'the logs'],
  ])('%s: %s', (_what, status, findings, remedy) => {
    const bad = findings.filter((finding) => finding.status !== 'ok');
    expect(bad).toEqual([expect.objectContaining({ status, remedy: expect.stringContaining(remedy) })]);
  });
});

describe('where Hearth does not run', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hearth-doctor-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('what can be looked at is: the folder, stores that do not answer, ports that are taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = String(typeof address === 'object' && address !== null ? address.port : 0);
    writeFileSync(join(folder, 'secret.key'), 'x');
    chmodSync(join(folder, 'secret.key'), 0o644);
    const env = {
      HEARTH_DATA_DIR: folder,
      HEARTH_PORT: port,
      HEARTH_URL: `http://127.0.0.1:${port}`,
      HEARTH_API_TOKEN: 'hth_token_of_nobody',
      DATABASE_URL: 'postgres://127.0.0.1:1/none',
      DOCKER_HOST: `unix://${folder}/none.sock`,
      HEARTH_QUEUE: 'postgres',
    };
    taken.on('request', (_request, response) => response.writeHead(404).end('{}'));
    const findings = await lookAtEverything(upConfig(env), env, null);
    taken.close();
    const statuses = Object.fromEntries(findings.map(({ name, status }) => [name, status]));
    expect(statuses).toMatchObject({
      node: 'ok',
      folder: 'warning',
      database: 'failed',
      queue: 'ok',
      engine: 'warning',
      ports: 'failed',
      running: 'unchecked',
    });
  });
});
