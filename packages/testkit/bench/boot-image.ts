import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Docker from 'dockerode';

export const MOMENTS_FOLDER = join(import.meta.dirname, 'moments');
export const MOMENTS_IMAGE = 'hearth-bench/moments';
const STAGER = join(import.meta.dirname, '../../../docker/models/stage.mjs');
const DOCKERFILE = `FROM node:24-bookworm-slim
WORKDIR /src
COPY . /src
ENV NODE_ENV=production
USER 1000:1000
CMD ["node", "/src/main.mjs"]
`;

/** Builds the image of the model that tells its moments, as the images of the example models are built. */
export async function buildMomentsImage(): Promise<void> {
  // A script of the models' folder, which is not a package of ours: found by its path.
  const { stageModel }: { stageModel: (what: { model: string; into: string }) => Promise<void> } = await import(
    pathToFileURL(STAGER).href
  );
  const folder = await mkdtemp(join(tmpdir(), 'hearth-bench-'));
  try {
    await stageModel({ model: MOMENTS_FOLDER, into: folder });
    await writeFile(join(folder, 'Dockerfile'), DOCKERFILE);
    const docker = new Docker();
    const stream = await docker.buildImage(
      { context: folder, src: ['Dockerfile', 'main.mjs'] },
      { t: MOMENTS_IMAGE, networkmode: 'none' },
    );
    const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
      docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all)));
    });
    const failed = events.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(`${MOMENTS_IMAGE} was not built: ${failed.error}`);
  } finally {
    await rm(folder, { recursive: true });
  }
}
