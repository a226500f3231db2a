import { constants } from 'node:os';
import type { ContainerCreateOptions } from 'dockerode';
import type { Enclosure } from '../fence/fence.ts';
import { imageTakesFlags, serverFlags, withFlags } from '../server-flags.ts';
import type { BootSpec, Exit, ImageFacts, Role } from './runtime.ts';

/** Who owns a container; the only thing by which we find, adopt or remove one. */
export const LABELS = {
  installation: 'hearth.installation',
  instance: 'hearth.instance',
  deployment: 'hearth.deployment',
  role: 'hearth.role',
  /** Of a network that was made ahead: on the container that keeps it, and on the one that joined it. */
  network: 'hearth.network',
} as const;

export const containerName = (instanceId: string): string => `hearth-${instanceId}`;
export const networkName = (networkId: string): string => `hearth-network-${networkId}`;

export const roleOf = (labels: Readonly<Record<string, string>>): Role =>
  labels[LABELS.role] === 'inspection' ? 'inspection' : 'instance';

/** Cog's servers listen here unless told otherwise. */
export const SERVER_PORT = '5000/tcp';

/** The kernel's own default, in microseconds. */
const CPU_PERIOD_US = 100_000;

/** Enough for any framework's threads, too few for a fork bomb to take the host along. */
const MOST_PIDS = 4_096;

/** The others are always a container's own; these two an engine may be set up to share. dockerode's types lack the second. */
const OWN_NAMESPACES = { IpcMode: 'private', CgroupnsMode: 'private' };

export interface Surroundings {
  readonly installation: string;
  /** The address of the host that ports are published on. */
  readonly bindAddress: string;
  /** One that was made ahead, with its port published; null: it gets its own. */
  readonly network: { readonly id: string } | null;
  readonly enclosure: Enclosure;
  /** What it may write beside its image; null: the engine cannot bound it, or shall not. */
  readonly diskBytes: number | null;
}

/**
 * A container that can do its work and little else. The root file system stays writable, because Cog's images write to
 * it; the user is the image's own, mostly root without a capability; the log driver is json-file, because that is the one
 * whose logs every version can read back. The engine's defaults hold for what is not named: its seccomp filter, the masked
 * parts of /proc and /sys, and the few devices of /dev.
 */
export function containerOptions(
  spec: BootSpec,
  image: string,
  facts: ImageFacts,
  { installation, bindAddress, network, enclosure, diskBytes }: Surroundings,
): ContainerCreateOptions {
  const takesFlags = imageTakesFlags(facts.cmd, facts.labels);
  const memoryBytes = spec.memoryMiB * 2 ** 20;
  const hasInit =
    facts.labels['run.cog.has_init'] === 'true' || facts.entrypoint.some((word) => /tini|dumb-init/.test(word));
  return {
    name: containerName(spec.instanceId),
    Image: facts.repoDigests.includes(image) ? image : facts.id,
    ...(takesFlags && { Cmd: withFlags(facts.cmd, serverFlags(spec.uploadUrl, spec.mode)) }),
    Env: Object.entries({ ...spec.env, PORT: '5000' }).map(([name, value]) => `${name}=${value}`),
    Labels: {
      [LABELS.installation]: installation,
      [LABELS.instance]: spec.instanceId,
      [LABELS.role]: spec.role,
      ...(spec.deploymentId !== null && { [LABELS.deployment]: spec.deploymentId }),
      ...(network !== null && { [LABELS.network]: network.id }),
    },
    ...(network === null && { ExposedPorts: { [SERVER_PORT]: {} } }),
    HostConfig: {
      ...(network === null
        ? ownNetwork(bindAddress, enclosure)
        : { NetworkMode: `container:${networkName(network.id)}` }),
      ...OWN_NAMESPACES,
      Memory: memoryBytes,
      MemorySwap: memoryBytes,
      ShmSize: Math.floor(memoryBytes / 2),
      // As a quota, because the engine refuses NanoCpus above its own cores, and a share may well be larger than a laptop.
      ...(spec.cpus > 0 && { CpuPeriod: CPU_PERIOD_US, CpuQuota: Math.round(spec.cpus * CPU_PERIOD_US) }),
      PidsLimit: MOST_PIDS,
      // A dump would hold inputs, and fill the disk. Open files stay as the engine has them: one that may have fewer than
      // a container is told to starts none.
      Ulimits: [{ Name: 'core', Soft: 0, Hard: 0 }],
      ...(diskBytes !== null && { StorageOpt: { size: String(diskBytes) } }),
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      Init: !hasInit,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '16m', 'max-file': '1' } },
      ...(spec.deviceIds.length > 0 && {
        DeviceRequests: [{ Driver: 'nvidia', DeviceIDs: [...spec.deviceIds], Capabilities: [['gpu']] }],
      }),
    },
  };
}

/** On the fenced network, with the server's port published at whatever port of the host is free. */
export const ownNetwork = (bindAddress: string, { network, dns }: Enclosure) => ({
  ...(network !== null && { NetworkMode: network }),
  ...(dns.length > 0 && { Dns: [...dns] }),
  PortBindings: { [SERVER_PORT]: [{ HostIp: bindAddress, HostPort: '' }] },
});

const SIGNAL_NAMES = new Map<number, string>(Object.entries(constants.signals).map(([name, n]) => [n, name]));

/** An engine tells the end by a signal as exit code 128 + its number. */
export function exitOf(instanceId: string, role: Role, code: number | null, outOfMemory: boolean): Exit {
  const signal = code !== null && code > 128 ? (SIGNAL_NAMES.get(code - 128) ?? null) : null;
  return { instanceId, role, exitCode: signal === null ? code : null, signal, outOfMemory };
}

/** Unpacks the frames of a log without a terminal: 1 byte stream, 3 unused, 4 length, then text. */
export function logText(frames: Buffer): string {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= frames.length; ) {
    const length = frames.readUInt32BE(at + 4);
    parts.push(frames.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(parts).toString('utf8');
}
