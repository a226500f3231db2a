/**
 * What a model's container can reach and do, tried from inside: on an engine of its own on a machine of its own, with a
 * cloud's metadata service, services of Hearth's machine and a public host around it. Each forbidden thing is first done
 * from a container that nothing fences, so that a refusal means something.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { createLogger, newId, systemNow } from '@hearth/kit';
import { enginesRing, startEngines, type TestEngine, type TestEngines, within } from '@hearth/testkit/engines';
import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FencingOptions } from '../src/fence/engine-fence.ts';
import { linkRemote } from '../src/hosts/engine-link.ts';
import { readHealth } from '../src/readiness.ts';
import { DockerRuntime } from '../src/runtime/docker.ts';
import { containerName, logText } from '../src/runtime/docker-container.ts';
import { bootModelServer, buildModelServer, fencing, unfenced } from './docker-image.ts';
import { answerTo, CONNECT } from './tried-connections.ts';

const IMAGE = `hearth-test/isolation:${process.pid}`;
const METADATA = '169.254.169.254';
/** Of a range that is public and belongs to nobody who is reached from a test machine. */
const PUBLIC = '11.211.7.7';
const PRIVATE = '10.212.7.7';
const PUBLIC_NAME = 'weights.example';
const { signal } = new AbortController();

describe.skipIf(!(await enginesRing()))('from inside a container', () => {
  let removeImage: () => Promise<void>;
  let machines: TestEngines;
  let engine: TestEngine;
  const opened: DockerRuntime[] = [];
  const services: Server[] = [];
  const names = createSocket('udp4');
  let callbackPort: number;
  let otherPort: number;

  /** Accepts connections at one port of several of this machine's addresses. */
  const listen = async (port: number, ...addresses: string[]): Promise<number> => {
    let bound = port;
    for (const host of addresses) {
      const server = createServer((socket) => socket.on('error', () => {}).end('hello'));
      server.listen({ host, port: bound });
      await once(server, 'listening');
      services.push(server);
      bound = (server.address() as { port: number }).port;
    }
    return bound;
  };

  beforeAll(async () => {
    removeImage = await buildModelServer(IMAGE);
    machines = await startEngines(['tcp'], { ownNames: true });
    const { network, engines } = machines;
    engine = engines[0] as TestEngine;
    await Promise.all([engine.load(IMAGE), ...[METADATA, PUBLIC, PRIVATE].map((address) => network.alias(address))]);
    callbackPort = await listen(0, network.gateway);
    otherPort = await listen(0, network.gateway, METADATA, PUBLIC, PRIVATE);
    names.on('message', (question, { port, address }) => names.send(answerTo(question, PUBLIC), port, address));
    names.bind(53, network.gateway);
    await once(names, 'listening');
  }, 240_000);
  afterAll(async () => {
    for (const service of services) service.close();
    names.close();
    await Promise.all(opened.map((runtime) => runtime.close()));
    await machines?.dispose();
    await removeImage?.();
  }, 120_000);

  const open = (options: FencingOptions, spareNetworks = 0): DockerRuntime => {
    const url = `tcp://${engine.address}:2375`;
    const connection = { url, tls: null, address: null, bindAddress: null, callbackHost: null };
    const runtime = new DockerRuntime({
      link: linkRemote({ ...connection, ssh: { identity: null, knownHosts: null } }),
      installation: newId(systemNow()),
      spareNetworks,
      fencing: { ...options, callbackPort, kept: async () => [machines.network.gateway] },
      log: createLogger({ room: 'test', level: 'silent' }),
    });
    opened.push(runtime);
    return runtime;
  };

  interface Booted {
    readonly container: Docker.Container;
    readonly address: string;
    /** Its own, on the engine's bridge. */
    readonly ip: string;
  }
  const boot = async (runtime: DockerRuntime, memoryMiB = 256): Promise<Booted> => {
    const env = { MODEL_SETUP: 'ok', WEBHOOK_AUTH_TOKEN: 'its own' };
    const { instanceId, address } = await bootModelServer(runtime, IMAGE, { env, memoryMiB, setupTimeoutMs: 40_000 });
    const container = engine.docker.getContainer(containerName(instanceId));
    const ip = (await inside(container, 'hostname', '-I')).output.trim().split(' ')[0] ?? '';
    return { container, address, ip };
  };
  const inside = async (container: Docker.Container, ...command: string[]) => {
    const exec = await container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return { output: logText(Buffer.concat(chunks)), code: (await exec.inspect()).ExitCode };
  };
  /** By target, what a connection to it comes to. */
  const reach = async ({ container }: Booted, ...targets: string[]): Promise<Record<string, string>> => {
    const { output } = await inside(container, 'node', '-e', CONNECT, ...targets);
    const words = JSON.parse(output) as string[];
    return Object.fromEntries(targets.map((target, n) => [target, words[n] ?? '']));
  };
  const all = (word: string, targets: readonly string[]) => Object.fromEntries(targets.map((target) => [target, word]));
  const refused = (targets: readonly string[]) =>
    Object.fromEntries(targets.map((t) => [t, expect.not.stringMatching(/^open$/)]));

  /** What no container may reach: the engine, the metadata service, Hearth's machine, the operator's network. */
  const forbidden = (): string[] => [
    `${engine.address}:2375`,
    `${METADATA}:${otherPort}`,
    `${machines.network.gateway}:${otherPort}`,
    `${PRIVATE}:${otherPort}`,
  ];
  const allowed = (): string[] => [
    `${machines.network.gateway}:${callbackPort}`,
    `${PUBLIC}:${otherPort}`,
    `${PUBLIC_NAME}:${otherPort}`,
  ];
  /** A neighbour's server: at its own address, and at the port that its host publishes. */
  const serverOf = ({ ip, address }: Booted): string[] => [`${ip}:5000`, new URL(address).host];

  it('all of it is reached where nothing is fenced', async () => {
    const runtime = open(unfenced);
    const [one, other] = [await boot(runtime), await boot(runtime)];
    const targets = [...forbidden(), ...allowed(), ...serverOf(other)];
    expect(await reach(one, ...targets)).toEqual(all('open', targets));
    expect(await runtime.isolation()).toMatchObject({ status: 'warning' });
  });

  it.each([0, 2])(
    'only the dispatcher, names and the internet are reached, with %i networks made ahead',
    async (spare) => {
      const runtime = open(fencing, spare);
      await runtime.list();
      await runtime.idle();
      const [one, other] = [await boot(runtime), await boot(runtime)];
      expect(await reach(one, ...allowed())).toEqual(all('open', allowed()));
      const targets = [...forbidden(), ...serverOf(other), 'fd00:ec2::254:80'];
      expect(await reach(one, ...targets)).toEqual(refused(targets));
      expect(await runtime.isolation()).toMatchObject({ name: 'isolation', status: 'ok' });
    },
  );

  it('nobody reaches it but over its published port', async () => {
    const [bare, fenced] = [await boot(open(unfenced)), await boot(open(fencing))];
    for (const { ip } of [bare, fenced]) await machines.network.route(PRIVATE, ip, engine.address);
    const tried = async ({ ip }: Booted): Promise<boolean> => {
      const socket = connect({ host: ip, port: 5_000, localAddress: PRIVATE });
      try {
        await once(socket, 'connect', { signal: AbortSignal.timeout(5_000) });
        return true;
      } catch {
        // Refused, or no answer.
        return false;
      } finally {
        socket.destroy();
      }
    };
    expect([await tried(bare), await tried(fenced)]).toEqual([true, false]);
  });

  it('what an operator opens is open, and with egress none the internet is not', async () => {
    const runtime = open({ ...fencing, policy: { isolation: 'prefer', egress: 'none', allow: ['10.0.0.0/8'] } });
    const booted = await boot(runtime);
    const [callback = '', outside = '', named = ''] = allowed();
    expect(await reach(booted, callback, `${PRIVATE}:${otherPort}`)).toEqual(
      all('open', [callback, `${PRIVATE}:${otherPort}`]),
    );
    expect(await reach(booted, outside, named)).toEqual(refused([outside, named]));
    expect(await reach(booted, ...forbidden().slice(0, 3))).toEqual(refused(forbidden().slice(0, 3)));
  });

  it('rules that somebody flushed are back after a look, and after a restart of the engine before anything starts', async () => {
    const runtime = open(fencing);
    const unsubscribe = runtime.events({ exited: () => {}, gap: () => {} });
    const before = await boot(runtime);
    const flush = async (): Promise<void> => {
      for (const chain of ['INPUT', 'DOCKER-USER']) await within(engine, 'iptables', '-w', '-F', chain);
    };
    await flush();
    expect(await reach(before, ...forbidden())).toEqual(all('open', forbidden()));
    await runtime.isolation();
    expect(await reach(before, ...forbidden())).toEqual(refused(forbidden()));

    await engine.kill9();
    await flush();
    const seen = new Promise<void>((resolve) => runtime.events({ exited: () => {}, gap: resolve }));
    await engine.start();
    await seen;
    const after = await boot(runtime);
    expect(await reach(after, ...forbidden())).toEqual(refused(forbidden()));
    unsubscribe();
  }, 120_000);

  it('where the rules cannot be put in force, it starts with a warning, or not at all', async () => {
    const impossible = { ...fencing, policy: { ...fencing.policy, allow: ['no address'] } };
    const lenient = open(impossible);
    await boot(lenient);
    expect(await lenient.isolation()).toMatchObject({
      status: 'warning',
      detail: expect.stringMatching(/not kept apart/),
    });
    expect(await lenient.capacity()).toMatchObject({ available: true, refusal: null });

    const strict = open({ ...impossible, policy: { ...impossible.policy, isolation: 'require' } });
    await expect(boot(strict)).rejects.toMatchObject({
      kind: 'lost',
      message: expect.stringMatching(/HEARTH_ISOLATION=require/),
    });
    expect(await strict.capacity()).toMatchObject({ refusal: expect.stringMatching(/cannot be kept apart/) });
    expect(await strict.isolation()).toMatchObject({ status: 'failed' });
  });

  it('nothing of the host or of a neighbour can be had', async () => {
    const runtime = open(fencing);
    const { container } = await boot(runtime);
    const other = await boot(runtime);
    await inside(other.container, 'sh', '-c', 'echo its own > /tmp/secret');
    const attempts: Record<string, string> = {
      mount: 'mount -t tmpfs none /mnt',
      'a device': 'mknod /tmp/disk b 8 0',
      'a raw socket': "perl -MSocket -e 'socket(S, PF_INET, SOCK_RAW, 1) or die'",
      'another user': "perl -MPOSIX -e 'POSIX::setuid(1000) or die'",
      'a namespace of its own': 'unshare --user true',
      "the host's name": 'hostname other',
      'a setting of the kernel': 'echo 1 > /proc/sys/kernel/sysrq',
      'its own limits': 'echo max > /sys/fs/cgroup/pids.max || echo max > /sys/fs/cgroup/pids/pids.max',
      "the kernel's memory": 'head -c 1 /proc/kcore | grep -q .',
      "the engine's socket": 'ls /var/run/docker.sock',
      "a neighbour's files": 'test -e /tmp/secret || test -e /var/lib/docker',
      "the host's processes": 'grep -qx dockerd /proc/[0-9]*/comm',
      'a disk of the host': 'test -e /dev/sda || test -e /dev/vda || test -e /dev/nvme0n1',
    };
    const done = await Promise.all(
      Object.entries(attempts).map(async ([what, line]) => [
        what,
        (await inside(container, 'sh', '-c', line)).code === 0,
      ]),
    );
    expect(done.filter(([, worked]) => worked)).toEqual([]);
    const { output } = await inside(container, 'env');
    const set = output.split('\n').map((line) => line.split('=')[0]);
    const ours = [
      'PATH',
      'HOSTNAME',
      'HOME',
      'NODE_VERSION',
      'YARN_VERSION',
      'MODEL_SETUP',
      'WEBHOOK_AUTH_TOKEN',
      'PORT',
      '',
    ];
    expect(set.filter((name) => !ours.includes(name ?? ''))).toEqual([]);
  });

  it('a fork bomb ends in its container', async () => {
    const runtime = open(fencing);
    const { container } = await boot(runtime);
    const neighbour = await boot(runtime);
    const bomb = 'while (defined($p = fork)) { if ($p == 0) { sleep 600 } $n++ } print "refused after $n"';
    const { output, code } = await inside(container, 'perl', '-e', bomb);
    // Its processes, or first their memory, are used up.
    expect(output.startsWith('refused after') || code === 137).toBe(true);
    expect((await readHealth(neighbour.address, signal))?.status).toBe('READY');
  });
});
