import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Millis } from '@hearth/core';
import type { HostCheck, HostRow } from '@hearth/store';
import { z } from 'zod';
import { messageOf } from '../errors.ts';
import type { DockerRuntime } from '../runtime/docker.ts';
import { ownNetwork } from '../runtime/docker-container.ts';
import { reasonOf } from '../runtime/docker-errors.ts';
import { engineRemedy, wordsOf } from './engine-errors.ts';
import type { EngineLink, Whereabouts } from './engine-link.ts';
import { lookAround, NO_INTERPRETER } from './look-around.ts';
import { bringProbeImage, PROBE_IMAGE, probeImage, remoteDevices, runProbe } from './probe.ts';

export interface EngineCheckDeps {
  readonly link: EngineLink;
  readonly runtime: Pick<DockerRuntime, 'fence' | 'isolation'>;
  /** Where the dispatcher listens for containers. */
  readonly callbackPort: number;
  readonly now: () => Millis;
}

const Info = z.object({ ServerVersion: z.string(), SystemTime: z.string() });
const ANSWER_MS = 8_000;
const OLDEST_ENGINE = [20, 10] as const;
/** Beyond this the times in logs and metrics of a model mislead. */
const MOST_SKEW_MS = 2_000;
const LITTLE_DISK_BYTES = 20 * 2 ** 30;

type Name = HostCheck['name'];
const ok = (name: Name, detail: string): HostCheck => ({ name, status: 'ok', detail, remedy: null });
const unchecked = (name: Name, detail: string): HostCheck => ({ name, status: 'unchecked', detail, remedy: null });

/** Everything that a model's way to a host and back depends on, in the order in which one thing needs the other. */
export async function checkHost(row: HostRow, deps: EngineCheckDeps): Promise<HostCheck[]> {
  const { link, runtime, now } = deps;
  let info: z.infer<typeof Info>;
  let askedAt: Millis;
  try {
    // It makes the connection, which may take seconds over ssh; the clock is read over one that stands.
    await within(ANSWER_MS, link.docker.ping());
    askedAt = now();
    info = Info.parse(await within(ANSWER_MS, link.docker.info()));
  } catch (error) {
    const why = await link.explain(error);
    const detail = `No Docker Engine answers at ${link.at}: ${wordsOf(why)}`;
    return [{ name: 'engine', status: 'failed', detail, remedy: engineRemedy(why, link.at) }];
  }
  const answeredAt = now();
  const lacking = await lackingImage(link);
  return [
    ok('engine', `The Docker Engine at ${link.at} answers.`),
    versionCheck(info.ServerVersion),
    clockCheck(Date.parse(info.SystemTime), askedAt, answeredAt),
    await patiently('gpus', () => gpuCheck(row, link)),
    await patiently('isolation', () => runtime.isolation()),
    ...(lacking === null ? await roundTrip(deps) : notChecked('There is no image on it to look around from.', lacking)),
  ];
}

/** Why there is nothing to look around from, also after {@link PROBE_IMAGE} was asked for; null: there is. */
async function lackingImage({ docker }: EngineLink): Promise<string | null> {
  try {
    if ((await probeImage(docker)) !== null) return null;
    const why = await bringProbeImage(docker);
    return why === null ? null : didNotCome(why);
  } catch (error) {
    return `Its images cannot be listed: ${wordsOf(error)}`;
  }
}

const AROUND = ['disk', 'callback', 'port'] as const;
const didNotCome = (why: string): string =>
  `Load any image with Python or Node there, and check again; ${PROBE_IMAGE} did not come (${why}).`;

/** The remedy is that of all three: it is given once. */
const notChecked = (why: string, remedy: string | null = null): HostCheck[] =>
  AROUND.map((name, n) => ({ ...unchecked(name, why), remedy: n === 0 ? remedy : null }));

function versionCheck(version: string): HostCheck {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor, wantedMinor] = OLDEST_ENGINE;
  const isRecent = major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  const detail = `It is Docker Engine ${version}.`;
  if (isRecent) return ok('version', detail);
  return { name: 'version', status: 'failed', detail, remedy: `Install ${OLDEST_ENGINE.join('.')} or newer.` };
}

/** Right to half of the time that its answer took. */
function clockCheck(itsTime: Millis, askedAt: Millis, answeredAt: Millis): HostCheck {
  const aheadMs = itsTime - (askedAt + answeredAt) / 2;
  const seconds = Math.abs(aheadMs / 1_000).toFixed(1);
  const detail = `Its clock is ${seconds} s ${aheadMs < 0 ? 'behind' : 'ahead of'} this machine's.`;
  if (Math.abs(aheadMs) - (answeredAt - askedAt) / 2 <= MOST_SKEW_MS) return ok('clock', detail);
  return {
    name: 'clock',
    status: 'warning',
    detail,
    remedy: 'Let both machines take their time from the network (NTP).',
  };
}

async function gpuCheck({ declared }: HostRow, { docker }: EngineLink): Promise<HostCheck> {
  if (declared.devices !== null) return ok('gpus', `It is declared to have ${declared.devices.length} GPUs.`);
  const devices = await remoteDevices(docker);
  if (typeof devices === 'string') return { name: 'gpus', status: 'failed', detail: devices, remedy: GPU_REMEDY };
  if (devices.length > 0)
    return ok('gpus', `It has ${devices.map(({ name, vramMiB }) => `${name} (${vramMiB} MiB)`).join(', ')}.`);
  return ok('gpus', 'Containers there can use no GPU: its engine has no runtime of the NVIDIA Container Toolkit.');
}

const GPU_REMEDY = `See that \`docker run --rm --gpus all ${PROBE_IMAGE} nvidia-smi\` works there, or say what it has with --gpus.`;

/** What the small container prints before it waits for one connection to its port. */
const Seen = z.object({ freeBytes: z.number(), callback: z.string().nullable() });

/** Disk, the way from a container to the dispatcher, and the way from here to a published port: one small container. */
async function roundTrip(deps: EngineCheckDeps): Promise<HostCheck[]> {
  const { docker } = deps.link;
  try {
    const seen = await lookedAround(deps).catch(orNothingToRun);
    if (seen !== null) return seen;
    const why = await bringProbeImage(docker);
    if (why !== null)
      return notChecked('Its images have neither node nor python3 to look around with.', didNotCome(why));
    return (await lookedAround(deps)) ?? notChecked(`${PROBE_IMAGE} there has neither node nor python3.`);
  } catch (error) {
    return roundTripFailed(reasonOf(messageOf(error)));
  }
}

/** An image without even a shell. */
function orNothingToRun(error: unknown): null {
  if (!/executable file not found/i.test(messageOf(error))) throw error;
  return null;
}

/** Null where the image that it was done from has nothing to look with. @throws what the engine says */
async function lookedAround({ link, runtime, callbackPort }: EngineCheckDeps): Promise<HostCheck[] | null> {
  const image = await probeImage(link.docker);
  if (image === null) return null;
  const where = await link.whereabouts();
  let port: HostCheck = unchecked('port', 'The container ended before it could be reached.');
  const { output, exitCode } = await runProbe(link.docker, image, {
    command: lookAround(where.callbackHost ?? '', callbackPort),
    hostConfig: { NetworkMode: 'bridge', ...ownNetwork(where.bindAddress, await runtime.fence.enter()) },
    started: async ({ NetworkSettings }) => {
      port = await portCheck(where, NetworkSettings.Ports['5000/tcp']?.[0]?.HostPort);
    },
  });
  if (exitCode === NO_INTERPRETER) return null;
  const seen = Seen.parse(JSON.parse(output.trim().split('\n')[0] ?? ''));
  return [diskCheck(seen.freeBytes), callbackCheck(seen.callback, where, callbackPort), port];
}

/** What an engine says where it cannot even run a small container. */
const FAILURES: readonly (readonly [RegExp, HostCheck['name'], string])[] = [
  [
    /cannot assign requested address/i,
    'port',
    'Give the address that it has on its own network with --bind, or 0.0.0.0 for all of them.',
  ],
  [/no space left on device/i, 'disk', 'Its disk is full: make room where its images are (`docker system df` there).'],
];

function roundTripFailed(said: string): HostCheck[] {
  const known = FAILURES.find(([words]) => words.test(said));
  const all = notChecked(`Looking around from a container failed: ${said}`);
  if (known === undefined) return all;
  const [, failed, remedy] = known;
  return all.map((check) => (check.name === failed ? { name: failed, status: 'failed', detail: said, remedy } : check));
}

function diskCheck(freeBytes: number): HostCheck {
  const detail = `${Math.floor(freeBytes / 2 ** 30)} GiB are free where its images are.`;
  if (freeBytes >= LITTLE_DISK_BYTES) return ok('disk', detail);
  return { name: 'disk', status: 'warning', detail, remedy: 'Images of models are large; make room.' };
}

function callbackCheck(failure: string | null, { callbackHost }: Whereabouts, port: number): HostCheck {
  const at = `${callbackHost}:${port}`;
  if (failure === null) return ok('callback', `Its containers reach this machine at ${at}.`);
  const detail = `Its containers do not reach this machine at ${at}: ${failure}`;
  const remedy = `Let HEARTH_CALLBACK_HOST name ${callbackHost} (or 0.0.0.0), open port ${port} to the host, or give another address with --callback-host.`;
  return { name: 'callback', status: 'failed', detail, remedy };
}

const PORT_TRIES = 40;
const PORT_ANSWER_MS = 2_000;

/** A published port is there a moment before what listens behind it. */
async function portCheck({ address }: Whereabouts, port: string | undefined): Promise<HostCheck> {
  if (port === undefined) return unchecked('port', 'The container ended before it could be reached.');
  const at = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  let failure = '';
  for (let n = 0; n < PORT_TRIES; n++) {
    const said = await firstBytes(address, Number(port));
    if (said === 'hearth') return ok('port', `Ports that it publishes are reached at ${address}.`);
    failure = said;
    await pause(250);
  }
  const remedy = 'Open the ports above 32767 of the host to this machine, or give the right address with --address.';
  return {
    name: 'port',
    status: 'failed',
    detail: `A port that it publishes is not reached at ${at}: ${failure}`,
    remedy,
  };
}

/** What is sent first to who connects, or what went wrong. */
async function firstBytes(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  try {
    const [chunk] = (await once(socket, 'data', { signal: AbortSignal.timeout(PORT_ANSWER_MS) })) as [Buffer];
    return chunk.toString();
  } catch (error) {
    return messageOf(error);
  } finally {
    socket.destroy();
  }
}

async function patiently(name: Name, check: () => Promise<HostCheck>): Promise<HostCheck> {
  try {
    return await check();
  } catch (error) {
    return unchecked(name, `It could not be looked at: ${reasonOf(messageOf(error))}`);
  }
}

/** @throws Error where it takes longer; the call itself ends when the connection is cut */
async function within<T>(ms: number, call: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = pause(ms, undefined, { signal: over.signal }).then(() => {
    throw new Error(`no answer within ${ms / 1_000} s`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([call, late]);
  } finally {
    over.abort();
  }
}
