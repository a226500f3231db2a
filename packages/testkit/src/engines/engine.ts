import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Docker from 'dockerode';
import { eventually } from '../house.ts';
import { killCgroup } from './cgroup.ts';
import { command } from './command.ts';
import { sshFiles, tlsFiles } from './keys.ts';
import type { Plug } from './network.ts';

export type EngineAccess = 'tcp' | 'tls' | 'ssh';

/** A Docker Engine on a machine of its own, as far as the network can tell. */
export interface TestEngine {
  readonly access: EngineAccess;
  readonly address: string;
  /** Of its machine. */
  readonly namespace: string;
  /** What `hearth hosts add` is told. */
  readonly addArgs: readonly string[];
  /** Past the network, for the test itself. */
  readonly docker: Docker;
  /** Takes over images of this machine's engine, with their names. */
  load(...images: string[]): Promise<void>;
  /** SIGKILLs the engine. What its containers run goes on, as it does on a real machine. */
  kill9(): Promise<void>;
  /** Starts it, also again after {@link kill9} on the same data. */
  start(): Promise<void>;
  /** Unplugs its network cable. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** Its engine takes connections and never answers. */
  freeze(): void;
  thaw(): void;
  dispose(): Promise<void>;
}

export interface EngineOptions {
  readonly plug: Plug;
  readonly access: EngineAccess;
  readonly folder: string;
  /** Whom its machine asks for names; left out: whom this machine asks. */
  readonly nameserver?: string | undefined;
}

const START_MS = 60_000;

/** Not started yet. */
export async function openEngine({ plug, access, folder, nameserver }: EngineOptions): Promise<TestEngine> {
  const { address, namespace, link } = plug;
  const run = join(folder, 'run');
  await mkdir(join(run, 'sshd'), { recursive: true });
  const cgroup = namespace;
  const names = join(run, 'resolv.conf');
  if (nameserver !== undefined) await writeFile(names, `nameserver ${nameserver}\n`);
  const resolving = nameserver === undefined ? '' : `mount --bind '${names}' /etc/resolv.conf && `;
  const socket = join(run, 'docker.sock');
  const docker = new Docker({ socketPath: socket });
  const { listen, addArgs, sshd } = await accessTo(access, address, join(folder, 'keys'));
  const daemons = new Map<string, ChildProcess>();

  /** In the namespaces of that machine: its network, and a /run of its own. `ip netns exec` would hide the cgroups. */
  const inside = (name: string, line: string): ChildProcess => {
    const script = `mount --make-rprivate / && mount --bind '${run}' /run && ${resolving}exec ${line}`;
    const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, 'unshare', '-m', 'sh', '-c', script], {
      stdio: 'ignore',
    });
    daemons.set(name, child);
    return child;
  };
  const end = async (name: string): Promise<void> => {
    const child = daemons.get(name);
    daemons.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const engine: TestEngine = {
    access,
    address,
    namespace,
    addArgs,
    docker,
    async load(...images) {
      await command(
        'sh',
        '-c',
        `docker save ${images.map((image) => `'${image}'`).join(' ')} | docker -H 'unix://${socket}' load`,
      );
    },
    async start() {
      const roots = [`--data-root=${folder}/data`, `--exec-root=${run}/docker`, `--pidfile=${run}/docker.pid`];
      const line = ['dockerd', ...roots, `--cgroup-parent=/${cgroup}`, '-H', 'unix:///run/docker.sock', ...listen];
      inside('dockerd', line.join(' '));
      await eventually(`the engine at ${address}`, async () => (await docker.ping()) !== null, START_MS);
    },
    async kill9() {
      await end('dockerd');
      // Its containerd would be started anew, and finds it still there.
      for (const pid of await pidsOf(namespace, /^containerd\0/)) process.kill(pid, 'SIGKILL');
      // While nobody has collected it, a later engine would take it for one that still runs.
      await command('rm', '-f', `${run}/docker.pid`, `${run}/docker/containerd/containerd.pid`);
    },
    cut: async () => void (await command('ip', 'link', 'set', link, 'down')),
    heal: async () => void (await command('ip', 'link', 'set', link, 'up')),
    freeze: () => void daemons.get('dockerd')?.kill('SIGSTOP'),
    thaw: () => void daemons.get('dockerd')?.kill('SIGCONT'),
    async dispose() {
      for (const name of daemons.keys()) await end(name);
      for (const pid of await pidsOf(namespace, /./)) process.kill(pid, 'SIGKILL');
      await eventually(`${namespace} to be empty`, async () => {
        await killCgroup(cgroup);
        return (await pidsOf(namespace, /./)).length === 0;
      });
    },
  };
  if (sshd !== null) inside('sshd', `/usr/sbin/sshd -D -f '${sshd}'`);
  return engine;
}

/** How the engine listens, and how it is to be reached. */
async function accessTo(access: EngineAccess, address: string, keys: string) {
  if (access === 'tcp') {
    const at = `tcp://${address}:2375`;
    return { listen: ['-H', at, '--tls=false'], addArgs: [at], sshd: null };
  }
  if (access === 'tls') {
    const at = `tcp://${address}:2376`;
    const { ca, server, client } = await tlsFiles(keys, address);
    const listen = ['-H', at, '--tlsverify', `--tlscacert=${ca}`, `--tlscert=${server.cert}`, `--tlskey=${server.key}`];
    return { listen, addArgs: [at, '--ca', ca, '--cert', client.cert, '--key', client.key], sshd: null };
  }
  const { serverConfig, identity, knownHosts } = await sshFiles(keys, address);
  const addArgs = [`ssh://root@${address}`, '--identity', identity, '--known-hosts', knownHosts];
  return { listen: [], addArgs, sshd: serverConfig };
}

/** Processes in a network namespace whose command line fits. Containers have a network of their own. */
async function pidsOf(namespace: string, line: RegExp): Promise<number[]> {
  const pids = (await command('ip', 'netns', 'pids', namespace)).split('\n').filter(Boolean).map(Number);
  const lines = await Promise.all(pids.map((pid) => command('cat', `/proc/${pid}/cmdline`).catch(() => '')));
  return pids.filter((_pid, at) => line.test(lines[at] ?? ''));
}
