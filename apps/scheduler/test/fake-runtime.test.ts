import { afterAll, expect, it } from 'vitest';
import { FakeRuntime } from '../src/runtime/fake.ts';
import { runtimeContract } from './runtime.contract.ts';
import { VirtualClock } from './virtual-clock.ts';

const clock = new VirtualClock();
const byInstallation = new Map<string, FakeRuntime>();
afterAll(() => byInstallation.clear());

function connect(installation: string): FakeRuntime {
  const known = byInstallation.get(installation);
  if (known !== undefined) return known;
  const runtime = new FakeRuntime('process', clock);
  for (const setup of ['ok', 'fail', 'exit', 'oom'] as const) runtime.define(`/${setup}`, { setupMs: 50, setup });
  runtime.define('/hang', { setupMs: 1e9, setup: 'ok' });
  byInstallation.set(installation, runtime);
  return runtime;
}
const holderOf = async (instanceId: string): Promise<FakeRuntime> => {
  for (const runtime of byInstallation.values()) {
    if ((await runtime.list()).some((found) => found.instanceId === instanceId)) return runtime;
  }
  throw new Error(`${instanceId} does not run`);
};

runtimeContract('fake', () => ({
  connect,
  clock,
  readHealth: async (address) => {
    const answers = await Promise.all([...byInstallation.values()].map((runtime) => runtime.readHealth(address)));
    return answers.find((health) => health !== null) ?? null;
  },
  model: (behaviour) => ({ source: { kind: 'path', path: `/${behaviour}`, command: [], env: {} }, env: {} }),
  missing: { kind: 'path', path: '/missing', command: [], env: {} },
  crash: async (instanceId) => (await holderOf(instanceId)).end(instanceId, { exitCode: 7 }),
  kill: async (instanceId) => (await holderOf(instanceId)).end(instanceId, { signal: 'SIGKILL' }),
  leftovers: async (installation) => (await byInstallation.get(installation)?.list())?.map((f) => f.instanceId) ?? [],
  settle: () => void setImmediate(() => clock.advance(100)),
}));

it('that hangs for a moment answers then what it was asked meanwhile', async () => {
  const runtime = new FakeRuntime('process', clock);
  runtime.lose('hangs');
  const listed = runtime.list();
  runtime.restore();
  expect(await listed).toEqual([]);
});
