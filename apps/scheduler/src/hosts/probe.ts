import type { Device } from '@hearth/core';
import { systemNow } from '@hearth/kit';
import type Docker from 'dockerode';
import { messageOf } from '../errors.ts';
import { logText } from '../runtime/docker-container.ts';
import { orAlready } from '../runtime/docker-errors.ts';
import { EngineImages } from '../runtime/docker-images.ts';
import { PAUSE_IMAGE } from '../runtime/pause-image.ts';
import { DEVICE_QUERY, parseDevices } from './devices.ts';

/** Of containers that look at their host and end within moments, whatever becomes of us. */
const LABEL = 'hearth.probe';
const RUN_MS = 20_000;
/** One that is older was left by an engine that went away in the middle, or by a scheduler that was killed. */
const OLDEST_SECONDS = 60;
/** Comes to a host that has nothing to look around from: small, with Python, and with what `nvidia-smi` is linked against. */
export const PROBE_IMAGE = 'python:3-slim';
const BRING_MS = 25_000;

/** The image may be somebody's model: its programs are trusted with no more than a model is. */
const FENCED_IN: Docker.HostConfig = {
  NetworkMode: 'none',
  CapDrop: ['ALL'],
  SecurityOpt: ['no-new-privileges'],
  PidsLimit: 256,
  // The one log driver that every engine reads back.
  LogConfig: { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '1' } },
};

/** What a small container saw. */
export interface Probe {
  readonly output: string;
  readonly exitCode: number;
}

export interface ProbeOptions {
  /** Left out, the engine gives one. */
  readonly name?: string;
  readonly command: readonly string[];
  /** What it may beyond that; left out, it has no network either. */
  readonly hostConfig?: Docker.HostConfig;
  /** Called with the published ports once it runs. */
  readonly started?: (container: Docker.ContainerInspectInfo) => Promise<void>;
}

/** {@link PROBE_IMAGE}, or else the smallest image that is there and can do anything. */
export async function probeImage(docker: Docker): Promise<string | null> {
  const images = (await docker.listImages()).filter(({ RepoTags }) => !RepoTags?.includes(PAUSE_IMAGE));
  const [smallest] = images.toSorted((a, b) => a.Size - b.Size);
  return (images.find(({ RepoTags }) => RepoTags?.includes(PROBE_IMAGE)) ?? smallest)?.Id ?? null;
}

/** Answers why {@link PROBE_IMAGE} could not be had; null once it is there. */
export async function bringProbeImage(docker: Docker): Promise<string | null> {
  try {
    await new EngineImages(docker).pull(PROBE_IMAGE, () => {}, AbortSignal.timeout(BRING_MS));
    return null;
  } catch (error) {
    return messageOf(error).replace(/^.*pulling it failed: /, '');
  }
}

/** Runs a command in a container of an image that is there, and removes it. @throws what the engine says */
export async function runProbe(docker: Docker, image: string, options: ProbeOptions): Promise<Probe> {
  await removeOldProbes(docker);
  const [entrypoint, ...args] = options.command;
  const container = await docker.createContainer({
    ...(options.name !== undefined && { name: options.name }),
    Image: image,
    Entrypoint: [entrypoint ?? ''],
    Cmd: args,
    Labels: { [LABEL]: 'true' },
    ExposedPorts: { '5000/tcp': {} },
    HostConfig: { ...FENCED_IN, ...options.hostConfig },
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

/** Of containers that look around, those that nobody waits for any more, whoever started them. Pure. */
export const oldProbes = (
  listed: readonly Pick<Docker.ContainerInfo, 'Id' | 'Created'>[],
  nowSeconds: number,
): readonly string[] => listed.filter(({ Created }) => nowSeconds - Created > OLDEST_SECONDS).map(({ Id }) => Id);

async function removeOldProbes(docker: Docker): Promise<void> {
  const listed = await docker.listContainers({ all: true, filters: { label: [LABEL] } });
  for (const id of oldProbes(listed, systemNow() / 1_000))
    await docker.getContainer(id).remove({ force: true, v: true }).catch(orAlready);
}

/** The GPUs of an engine's machine, as `nvidia-smi` in a container sees them; a sentence where it could not look. */
export async function remoteDevices(docker: Docker): Promise<Device[] | string> {
  const { Runtimes = {} } = (await docker.info()) as { Runtimes?: Record<string, unknown> };
  if (!('nvidia' in Runtimes)) return [];
  const image = await probeImage(docker);
  if (image === null) return 'It has the NVIDIA runtime, and no image to run nvidia-smi in.';
  const gpus = { DeviceRequests: [{ Driver: 'nvidia', Count: -1, Capabilities: [['gpu', 'utility']] }] };
  const { output, exitCode } = await runProbe(docker, image, {
    command: ['nvidia-smi', ...DEVICE_QUERY],
    hostConfig: gpus,
  });
  if (exitCode === 0) return parseDevices(output);
  return `nvidia-smi in a container there ended with code ${exitCode}: ${output.trim().split('\n')[0] ?? ''}`;
}
