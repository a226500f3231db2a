import { createLogger, newId, systemNow } from '@hearth/kit';
import { dockerRing } from '@hearth/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { LOCAL_SOCKET, linkLocal } from '../src/hosts/engine-link.ts';
import { DockerRuntime } from '../src/runtime/docker.ts';
import { containerName, LABELS, networkName } from '../src/runtime/docker-container.ts';
import { readContainers } from '../src/runtime/docker-listed.ts';
import { NetworkPool } from '../src/runtime/network-pool.ts';
import { PAUSE_IMAGE, pauseProgram } from '../src/runtime/pause-image.ts';
import { bootModelServer, buildModelServer, docker, unfenced } from './docker-image.ts';

const IMAGE = `hearth-test/networks:${process.pid}`;

describe('containers as the engine lists them', () => {
  const listed = (Id: string, State: string, labels: Record<string, string>, port?: number) => ({
    Id,
    State,
    Labels: labels,
    Ports: port === undefined ? [] : [{ IP: '127.0.0.1', PrivatePort: 5000, PublicPort: port, Type: 'tcp' }],
  });
  const keeper = (id: string, State = 'running') =>
    listed(`keeper of ${id}`, State, { [LABELS.role]: 'network', [LABELS.network]: id }, 1_000);
  const server = (id: string, network: string | null, State = 'running', port?: number) =>
    listed(id, State, { [LABELS.instance]: id, ...(network !== null && { [LABELS.network]: network }) }, port);

  it('a server in a network of its own making has a port of its own', () => {
    const { servers, networks } = readContainers([server('a', null, 'running', 7)]);
    expect(servers).toMatchObject([{ instanceId: 'a', hostPort: 7, state: 'runs' }]);
    expect(networks).toEqual([]);
  });
  it('one that joined a network has the port that is published there', () => {
    const { servers, networks } = readContainers([server('a', 'n'), keeper('n'), keeper('spare')]);
    expect(servers).toMatchObject([{ instanceId: 'a', hostPort: 1_000, state: 'runs' }]);
    expect(networks).toEqual([
      { id: 'n', running: true, instanceId: 'a' },
      { id: 'spare', running: true, instanceId: null },
    ]);
  });
  it('one whose network has ended is cut off; one that has ended has ended', () => {
    const { servers } = readContainers([
      server('a', 'n'),
      keeper('n', 'exited'),
      server('b', 'gone'),
      server('c', 'm', 'exited'),
      keeper('m'),
    ]);
    expect(servers.map(({ state }) => state)).toEqual(['cut off', 'cut off', 'ended']);
  });
});

it('the program that does nothing is written for the two machines that engines run on', () => {
  expect(pauseProgram('x86_64')?.readUInt16LE(18)).toBe(62);
  expect(pauseProgram('aarch64')?.readUInt16LE(18)).toBe(183);
  expect(pauseProgram('riscv64')).toBeNull();
});

describe.skipIf(!(await dockerRing()))('networks made ahead', () => {
  let removeImage: () => Promise<void>;
  beforeAll(async () => {
    removeImage = await buildModelServer(IMAGE);
  });
  afterAll(() => removeImage?.());

  let installation: string;
  const opened: DockerRuntime[] = [];
  beforeEach(() => {
    installation = newId(systemNow());
  });
  afterEach(async () => {
    const last = await open(0);
    for (const { instanceId } of await last.list()) await last.stop(instanceId, { address: null, graceMs: 0 });
    await last.idle();
    for (const runtime of opened.splice(0)) await runtime.close();
    expect(await containers()).toEqual([]);
  });

  /** A runtime that had its first look at the engine, with its networks in readiness. */
  const open = async (spareNetworks: number) => {
    const runtime = new DockerRuntime({
      link: linkLocal(process.env.DOCKER_HOST ?? LOCAL_SOCKET),
      installation,
      spareNetworks,
      fencing: unfenced,
      log: createLogger({ room: 'test', level: 'silent' }),
    });
    opened.push(runtime);
    await runtime.list();
    await runtime.idle();
    return runtime;
  };
  const containers = () =>
    docker.listContainers({ all: true, filters: { label: [`${LABELS.installation}=${installation}`] } });
  const networks = async () => readContainers(await containers()).networks;
  const boot = (runtime: DockerRuntime) => bootModelServer(runtime, IMAGE);
  const modeOf = async (instanceId: string) =>
    (await docker.getContainer(containerName(instanceId)).inspect()).HostConfig.NetworkMode;

  it('each instance joins one that nobody else is in, and a new one takes its place', async () => {
    const runtime = await open(2);
    const spare = (await networks()).map(({ id }) => id);
    expect(spare).toHaveLength(2);
    const [a, b] = [await boot(runtime), await boot(runtime)];
    const joined = [await modeOf(a.instanceId), await modeOf(b.instanceId)];
    expect(new Set(joined).size).toBe(2);
    const { HostConfig } = await docker.getContainer(containerName(a.instanceId)).inspect();
    expect(HostConfig).toMatchObject({ CapDrop: ['ALL'], SecurityOpt: ['no-new-privileges'], Privileged: false });
    await runtime.idle();
    const seen = await networks();
    const users = seen.map(({ instanceId }) => instanceId);
    expect(users).toHaveLength(4);
    expect(users).toEqual(expect.arrayContaining([a.instanceId, b.instanceId, null]));
    expect((await runtime.list()).find(({ instanceId }) => instanceId === a.instanceId)?.address).toBe(a.address);
    await runtime.stop(a.instanceId, { address: null, graceMs: 0 });
    expect((await networks()).map(({ instanceId }) => instanceId)).not.toContain(a.instanceId);
    expect(await networks()).toHaveLength(3);
  });

  it('one whose boot left no container, because the engine was away, goes', async () => {
    const pool = new NetworkPool({
      docker,
      installation,
      size: 1,
      bindAddress: async () => '127.0.0.1',
      enclosure: async () => ({ network: null, dns: [], hasQuota: false }),
      log: createLogger({ room: 'test', level: 'silent' }),
    });
    pool.heed([], performance.now());
    await pool.idle();
    const taken = pool.take('of-a-boot-that-failed');
    const during = await networks();
    pool.heed(during, performance.now());
    pool.booted('of-a-boot-that-failed');
    await pool.idle();
    expect((await networks()).map(({ id }) => id)).toContain(taken?.id);
    pool.heed(await networks(), performance.now());
    await pool.idle();
    expect((await networks()).map(({ id }) => id)).not.toContain(taken?.id);
    await pool.close();
  });

  it('when there are more boots than networks, the others make their own', async () => {
    const runtime = await open(1);
    const booted = await Promise.all([boot(runtime), boot(runtime), boot(runtime)]);
    const modes = await Promise.all(booted.map(({ instanceId }) => modeOf(instanceId)));
    expect(modes.filter((mode) => mode?.startsWith('container:'))).toHaveLength(1);
    expect(new Set(booted.map(({ address }) => address)).size).toBe(3);
  });

  it('after many boots at once as many networks are in readiness, within bounds', async () => {
    const runtime = await open(1);
    await Promise.all([boot(runtime), boot(runtime), boot(runtime)]);
    await runtime.idle();
    const spare = async () => (await networks()).filter(({ instanceId }) => instanceId === null);
    expect(await spare()).toHaveLength(3);
    await boot(runtime);
    await runtime.idle();
    expect(await spare()).toHaveLength(3);
  });

  it('one that died in readiness is done without, and replaced', async () => {
    const runtime = await open(1);
    const [spare] = await networks();
    await docker.getContainer(networkName(spare?.id ?? '')).kill();
    const { instanceId } = await boot(runtime);
    expect(await modeOf(instanceId)).not.toMatch(/^container:/);
    await runtime.list();
    await runtime.idle();
    const seen = await networks();
    expect(seen).toMatchObject([{ running: true, instanceId: null }]);
    expect(seen[0]?.id).not.toBe(spare?.id);
  });

  it('an instance whose network died under it has ended, as far as anybody can tell', async () => {
    const runtime = await open(1);
    const { instanceId } = await boot(runtime);
    const used = (await networks()).find((network) => network.instanceId === instanceId);
    await docker.getContainer(networkName(used?.id ?? '')).kill();
    const found = (await runtime.list()).find((instance) => instance.instanceId === instanceId);
    expect(found?.exit).toEqual({ instanceId, role: 'instance', exitCode: null, signal: null, outOfMemory: false });
  });

  it('those of a scheduler that was killed are reaped, but for those in use, which go with their instance', async () => {
    const killed = await open(2);
    const { instanceId, address } = await boot(killed);
    await killed.idle();
    const before = await networks();
    const later = await open(1);
    const after = await networks();
    expect(after.find((network) => network.instanceId === instanceId)).toBeDefined();
    const spare = after.filter((network) => network.instanceId === null);
    expect(spare).toHaveLength(1);
    expect(before.map(({ id }) => id)).not.toContain(spare[0]?.id);
    await later.stop(instanceId, { address, graceMs: 0 });
    expect(await networks()).toEqual(spare.map(({ id }) => ({ id, running: true, instanceId: null })));
  });

  it('a runtime that has not looked yet stops an instance with its network, and makes none', async () => {
    const { instanceId } = await boot(await open(1));
    const blind = new DockerRuntime({
      link: linkLocal(process.env.DOCKER_HOST ?? LOCAL_SOCKET),
      installation,
      spareNetworks: 1,
      fencing: unfenced,
      log: createLogger({ room: 'test', level: 'silent' }),
    });
    opened.push(blind);
    await blind.stop(instanceId, { address: null, graceMs: 0 });
    expect((await networks()).map((network) => network.instanceId)).not.toContain(instanceId);
  });

  it('closing removes those in readiness, and leaves those in use', async () => {
    const runtime = await open(2);
    const { instanceId } = await boot(runtime);
    await runtime.close();
    expect(await networks()).toMatchObject([{ instanceId }]);
  });

  it('the image that keeps them is made anew where it was removed', async () => {
    const runtime = await open(0);
    // In use elsewhere, it cannot be removed; then this engine has it in any case.
    await docker
      .getImage(PAUSE_IMAGE)
      .remove()
      .catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
      });
    await runtime.close();
    await open(1);
    expect(await networks()).toHaveLength(1);
  });
});
