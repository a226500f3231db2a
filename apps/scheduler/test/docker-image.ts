import Docker from 'dockerode';
import type { FencingOptions } from '../src/fence/engine-fence.ts';

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
