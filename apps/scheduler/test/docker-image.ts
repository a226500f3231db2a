import Docker from 'dockerode';

export const docker = new Docker();

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
