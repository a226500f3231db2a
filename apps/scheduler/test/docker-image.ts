import { newId, systemNow } from '@hearth/kit';
import Docker from 'dockerode';
import { systemClock } from '../src/clock.ts';
import type { FencingOptions } from '../src/fence/engine-fence.ts';
import { readHealth } from '../src/readiness.ts';
import type { BootSpec, Runtime } from '../src/runtime/runtime.ts';
import { awaitServer } from '../src/server-boot.ts';

export const docker = new Docker();

/** As a scheduler has it where nothing is configured. */
export const fencing: FencingOptions = {
  policy: { isolation: 'prefer', egress: 'internet', allow: [] },
  instanceDiskBytes: null,
  callbackPort: 7601,
  callbackHosts: ['127.0.0.1'],
  kept: async () => [],
};

/** For tests that are about something else: a fence takes the engine longer to put up than a container. */
export const unfenced: FencingOptions = { ...fencing, policy: { ...fencing.policy, isolation: 'off' } };

/** Builds the image of the tests' model server under a tag of this file's own; answers what removes it. */
export async function buildModelServer(tag: string): Promise<() => Promise<void>> {
  const src = ['model-server.Dockerfile', 'model-server.ts'];
  const stream = await docker.buildImage({ context: import.meta.dirname, src }, { t: tag, dockerfile: src[0] });
  const failed = await new Promise<unknown>((resolve) => {
    docker.modem.followProgress(stream, (error, events) => resolve(error ?? events.find((e) => e.error)));
  });
  if (failed !== undefined) throw new Error(`${tag} was not built: ${JSON.stringify(failed)}`);
  return async () => {
    await docker.getImage(tag).remove();
  };
}

/** Boots an instance of that image until it is ready. */
export async function bootModelServer(
  runtime: Runtime,
  image: string,
  { env = { MODEL_SETUP: 'ok' }, memoryMiB = 256, setupTimeoutMs = 20_000 } = {},
): Promise<{ instanceId: string; address: string }> {
  const { signal } = new AbortController();
  const spec: BootSpec = {
    instanceId: newId(systemNow()),
    deploymentId: 'deployment',
    role: 'instance',
    mode: 'predict',
    source: { kind: 'image', image },
    env,
    uploadUrl: null,
    memoryMiB,
    cpus: 0,
    deviceIds: [],
  };
  const { address } = await runtime.boot(spec, () => {}, signal);
  await awaitServer({
    ...spec,
    runtime,
    clock: systemClock,
    startedAt: systemClock.now(),
    setupTimeoutMs,
    exited: new Promise(() => {}),
    probe: async (signal) => ((await readHealth(address, signal))?.status === 'READY' ? true : null),
    signal,
  });
  return { instanceId: spec.instanceId, address };
}
