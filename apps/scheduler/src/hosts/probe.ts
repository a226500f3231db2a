import type { Device } from '@hearth/core';
import type Docker from 'dockerode';
import { logText } from '../runtime/docker-container.ts';
import { PAUSE_IMAGE } from '../runtime/pause-image.ts';
import { DEVICE_QUERY, parseDevices } from './devices.ts';

/** Of containers that look at their host and end within moments, whatever becomes of us. */
const LABEL = 'hearth.probe';
const RUN_MS = 20_000;

/** What a small container saw. */
export interface Probe {
  readonly output: string;
  readonly exitCode: number;
}

export interface ProbeOptions {
  readonly command: readonly string[];
  readonly hostConfig?: Docker.HostConfig;
  /** Called with the published ports once it runs. */
  readonly started?: (container: Docker.ContainerInspectInfo) => Promise<void>;
}

/** The smallest image that is there and can do anything: a probe must not pull. */
export async function probeImage(docker: Docker): Promise<string | null> {
  const images = (await docker.listImages()).filter(({ RepoTags }) => !RepoTags?.includes(PAUSE_IMAGE));
  const [smallest] = images.toSorted((a, b) => a.Size - b.Size);
  return smallest?.Id ?? null;
}

/** Runs a command in a container of an image that is there, and removes it. @throws what the engine says */
export async function runProbe(docker: Docker, image: string, options: ProbeOptions): Promise<Probe> {
  const [entrypoint, ...args] = options.command;
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [entrypoint ?? ''],
    Cmd: args,
    Labels: { [LABEL]: 'true' },
    ExposedPorts: { '5000/tcp': {} },
    // The one log driver that every engine reads back.
    HostConfig: { LogConfig: { Type: 'json-file', Config: {} }, ...options.hostConfig },
  });
  const over = AbortSignal.timeout(RUN_MS);
  try {
    await container.start({ abortSignal: over });
    if (options.started) await options.started(await container.inspect());
    const { StatusCode } = (await container.wait({ abortSignal: over })) as { StatusCode: number };
    const output = logText(await container.logs({ follow: false, stdout: true, stderr: false }));
    return { output, exitCode: StatusCode };
  } finally {
    await container.remove({ force: true, v: true });
  }
}

/** The GPUs of an engine's machine, as `nvidia-smi` in a container sees them; null where nothing could look. */
export async function remoteDevices(docker: Docker): Promise<Device[] | null> {
  const { Runtimes = {} } = (await docker.info()) as { Runtimes?: Record<string, unknown> };
  if (!('nvidia' in Runtimes)) return [];
  const image = await probeImage(docker);
  if (image === null) return null;
  const gpus = { DeviceRequests: [{ Driver: 'nvidia', Count: -1, Capabilities: [['gpu', 'utility']] }] };
  const { output, exitCode } = await runProbe(docker, image, {
    command: ['nvidia-smi', ...DEVICE_QUERY],
    hostConfig: gpus,
  });
  return exitCode === 0 ? parseDevices(output) : null;
}
