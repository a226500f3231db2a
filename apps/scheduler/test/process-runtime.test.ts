import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, systemNow } from '@hearth/kit';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { readHealth } from '../src/readiness.ts';
import { ProcessRuntime } from '../src/runtime/process.ts';
import type { BootSpec } from '../src/runtime/runtime.ts';
import { runtimeContract } from './runtime.contract.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-instances-'));
});
afterAll(() => rm(folder, { recursive: true }));

const pidOf = async (instanceId: string): Promise<number> => {
  const meta = JSON.parse(await readFile(join(folder, instanceId, 'meta.json'), 'utf8'));
  return Number(meta.pid);
};

runtimeContract('process', () => ({
  connect: (installation) => new ProcessRuntime({ folder, installation }),
  clock: systemClock,
  readHealth,
  model: (behaviour) => ({
    source: { kind: 'path', path: import.meta.dirname, command: ['node', 'model-server.ts'], env: {} },
    env: { MODEL_SETUP: behaviour },
  }),
  missing: { kind: 'path', path: '/nowhere/at/all', command: ['node'], env: {} },
  async crash(_instanceId, address) {
    // The server ends while it answers.
    await fetch(`${address}/crash`).catch(() => null);
  },
  async kill(instanceId) {
    process.kill(await pidOf(instanceId), 'SIGKILL');
  },
  leftovers: () => readdir(folder),
  settle: () => {},
}));

it('a process sees nothing of the platform in its environment but what it was given, and keeps its files to itself', async () => {
  const secrets = {
    DATABASE_URL: 'postgres://a',
    REDIS_URL: 'redis://b',
    HEARTH_API_TOKEN: 'c',
    AWS_SECRET_ACCESS_KEY: 'd',
  };
  for (const [name, value] of Object.entries(secrets)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const runtime = new ProcessRuntime({ folder, installation: 'environment' });
  const spec: BootSpec = {
    instanceId: newId(systemNow()),
    deploymentId: 'deployment',
    role: 'instance',
    mode: 'predict',
    source: {
      kind: 'path',
      path: import.meta.dirname,
      command: [
        'node',
        '-e',
        "require('fs').writeFileSync(process.env.TMPDIR + '/seen', JSON.stringify(process.env)); setInterval(() => {}, 1e6)",
      ],
      env: { ITS: 'own' },
    },
    env: { WEBHOOK_AUTH_TOKEN: 'token' },
    uploadUrl: null,
    memoryMiB: 256,
    cpus: 0,
    deviceIds: [],
  };
  onTestFinished(() => runtime.close());
  await runtime.boot(spec, () => {}, new AbortController().signal);
  onTestFinished(() => runtime.stop(spec.instanceId, { address: null, graceMs: 0 }));
  const path = join(folder, spec.instanceId, 'tmp', 'seen');
  await vi.waitFor(async () => expect(await readFile(path, 'utf8')).toMatch(/}$/), { timeout: 20_000 });
  const seen = Object.keys(JSON.parse(await readFile(path, 'utf8'))).toSorted();
  const own = [
    'CUDA_VISIBLE_DEVICES',
    'HEARTH_INSTANCE',
    'HOME',
    'ITS',
    'LANG',
    'PATH',
    'PORT',
    'PYTHONUNBUFFERED',
    'TMPDIR',
    'WEBHOOK_AUTH_TOKEN',
  ];
  expect(seen.filter((name) => name !== 'NODE_COMPILE_CACHE')).toEqual(own);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
