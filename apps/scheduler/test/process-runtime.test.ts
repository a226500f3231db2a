import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { readHealth } from '../src/readiness.ts';
import { ProcessRuntime } from '../src/runtime/process.ts';
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
