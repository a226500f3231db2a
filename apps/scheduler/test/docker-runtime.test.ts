import { createLogger, newId, systemNow } from '@hearth/kit';
import { dockerRing } from '@hearth/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import type { FencingOptions } from '../src/fence/engine-fence.ts';
import { LOCAL_SOCKET, linkLocal } from '../src/hosts/engine-link.ts';
import { readHealth } from '../src/readiness.ts';
import { DockerRuntime } from '../src/runtime/docker.ts';
import { containerName, LABELS } from '../src/runtime/docker-container.ts';
import type { BootSpec } from '../src/runtime/runtime.ts';
import { buildModelServer, docker, fencing, unfenced } from './docker-image.ts';
import { type Adapter, runtimeContract } from './runtime.contract.ts';

const IMAGE = `hearth-test/model-server:${process.pid}`;
const hasEngine = await dockerRing();
const log = createLogger({ room: 'test', level: 'silent' });
const open = (installation: string, spareNetworks: number, options: FencingOptions) =>
  new DockerRuntime({
    link: linkLocal(process.env.DOCKER_HOST ?? LOCAL_SOCKET),
    installation,
    spareNetworks,
    fencing: options,
    log,
  });
const connect = (installation: string) => open(installation, 0, unfenced);

/** With a network in readiness, as a scheduler has it after its first look. */
async function connectStocked(installation: string): Promise<DockerRuntime> {
  const runtime = open(installation, 1, unfenced);
  await runtime.list();
  await runtime.idle();
  return runtime;
}

async function leftovers(installation: string): Promise<string[]> {
  const label = [`${LABELS.installation}=${installation}`];
  const left = await docker.listContainers({ all: true, filters: { label } });
  return left.map((container) => container.Names.join());
}

describe.skipIf(!hasEngine)('Docker ring', () => {
  let removeImage: () => Promise<void>;
  beforeAll(async () => {
    removeImage = await buildModelServer(IMAGE);
  });
  afterAll(() => removeImage?.());

  const adapter: Adapter = {
    connect,
    clock: systemClock,
    readHealth,
    model: (behaviour) => ({ source: { kind: 'image', image: IMAGE }, env: { MODEL_SETUP: behaviour } }),
    // Nothing listens there: the pull fails at once, on every machine.
    missing: { kind: 'image', image: 'localhost:9/hearth/nothing:1' },
    async crash(_instanceId, address) {
      // The server ends while it answers.
      await fetch(`${address}/crash`).catch(() => null);
    },
    async kill(instanceId) {
      await docker.getContainer(containerName(instanceId)).kill();
    },
    leftovers,
    settle: () => {},
  };
  runtimeContract('docker', () => adapter);
  runtimeContract('docker, in networks made ahead', () => ({ ...adapter, connect: connectStocked }));

  const specOf = (change: Partial<BootSpec>): BootSpec => ({
    instanceId: newId(systemNow()),
    deploymentId: 'deployment',
    role: 'instance',
    mode: 'predict',
    source: { kind: 'image', image: IMAGE },
    env: {},
    uploadUrl: null,
    memoryMiB: 256,
    cpus: 1,
    deviceIds: [],
    ...change,
  });
  const { signal } = new AbortController();

  it('fences the container: no capabilities, no new privileges, limits, a loopback port, its owner on it', async () => {
    const installation = newId(systemNow());
    const runtime = open(installation, 0, fencing);
    // More than most machines have: a share, not a fence.
    const spec = specOf({ cpus: 16 });
    const { address } = await runtime.boot(spec, () => {}, signal);
    try {
      const { HostConfig, Config, Name } = await docker.getContainer(containerName(spec.instanceId)).inspect();
      expect(Name).toBe(`/hearth-${spec.instanceId}`);
      expect(Config.Labels).toMatchObject({
        'hearth.installation': installation,
        'hearth.instance': spec.instanceId,
        'hearth.deployment': 'deployment',
        'hearth.role': 'instance',
      });
      expect(HostConfig).toMatchObject({
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges'],
        Memory: 256 * 2 ** 20,
        MemorySwap: 256 * 2 ** 20,
        CpuPeriod: 100_000,
        CpuQuota: 1_600_000,
        Init: true,
        Privileged: false,
        RestartPolicy: { Name: 'no' },
        IpcMode: 'private',
        CgroupnsMode: 'private',
        PidMode: '',
        UTSMode: '',
        Binds: null,
        Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
        NetworkMode: `hearth-${installation}`,
      });
      expect(HostConfig.MaskedPaths).toContain('/proc/kcore');
      expect(HostConfig.ReadonlyPaths).toContain('/proc/sys');
      expect(Config.Env.map((entry) => entry.split('=')[0])).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(DATABASE_URL|REDIS_URL|HEARTH_API_TOKEN|DOCKER_HOST)$/)]),
      );
      expect(HostConfig.PidsLimit).toBeGreaterThan(0);
      expect(HostConfig.PortBindings).toEqual({ '5000/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] });
      expect(address).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    } finally {
      await runtime.stop(spec.instanceId, { address: null, graceMs: 0 });
      await runtime.close();
    }
  });

  it('says that the GPU cannot be had where the engine has none, and leaves no created container', async () => {
    const installation = newId(systemNow());
    const runtime = connect(installation);
    const boot = runtime.boot(specOf({ deviceIds: ['GPU-does-not-exist'] }), () => {}, signal);
    await expect(boot).rejects.toMatchObject({ kind: 'gpu_lost' });
    expect(await leftovers(installation)).toEqual([]);
  });

  it('pulls nothing that was only built here: no registry has it', async () => {
    const gone = `sha256:${'0'.repeat(64)}`;
    await expect(connect('nobody').pull(gone, () => {}, signal)).rejects.toMatchObject({ kind: 'image_missing' });
  });

  it('answers with a note, not an error, where no engine listens', async () => {
    const nowhere = new DockerRuntime({
      link: linkLocal('unix:///nowhere/docker.sock'),
      installation: 'nobody',
      spareNetworks: 0,
      fencing: unfenced,
      log,
    });
    expect(await nowhere.capacity()).toMatchObject({
      available: false,
      note: expect.stringContaining('/nowhere/docker.sock'),
    });
    await expect(nowhere.boot(specOf({}), () => {}, signal)).rejects.toMatchObject({ kind: 'lost' });
  });
});
