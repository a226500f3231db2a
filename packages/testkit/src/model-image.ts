import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Docker from 'dockerode';

const STAGER = join(import.meta.dirname, '../../../docker/models/stage.mjs');

export interface ModelImage {
  /** A model of this package: a folder with `src/main.ts`. */
  readonly folder: string;
  readonly tag: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Says by its label that it speaks as Cog does, so that it is told where to upload. */
  readonly asCog?: boolean;
}

const COG_LABEL = `LABEL run.cog.config='{"build":{"gpu":false}}'\n`;

const dockerfile = ({ env = {}, asCog = false }: ModelImage): string => `FROM node:24-bookworm-slim
WORKDIR /src
COPY . /src
ENV NODE_ENV=production
${Object.entries(env)
  .map(([name, value]) => `ENV ${name}=${value}\n`)
  .join('')}${asCog ? COG_LABEL : ''}USER 1000:1000
CMD ["node", "/src/main.mjs"]
`;

/** Builds the image of a model of the tests on this machine's engine, as the images of the example models are built. */
export async function buildTestImage(image: ModelImage): Promise<void> {
  const { folder, tag } = image;
  // A script of the models' folder, which is not a package of ours: found by its path.
  const { stageModel }: { stageModel: (what: { model: string; into: string }) => Promise<void> } = await import(
    pathToFileURL(STAGER).href
  );
  const staged = await mkdtemp(join(tmpdir(), 'hearth-image-'));
  try {
    await stageModel({ model: folder, into: staged });
    await writeFile(join(staged, 'Dockerfile'), dockerfile(image));
    const docker = new Docker();
    const context = { context: staged, src: ['Dockerfile', 'main.mjs'] };
    const stream = await docker.buildImage(context, { t: tag, networkmode: 'none' });
    const events = await new Promise<{ error?: string }[]>((resolve, reject) => {
      docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all)));
    });
    const failed = events.find(({ error }) => error !== undefined);
    if (failed !== undefined) throw new Error(`${tag} was not built: ${failed.error}`);
  } finally {
    await rm(staged, { recursive: true });
  }
}
