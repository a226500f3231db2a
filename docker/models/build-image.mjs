#!/usr/bin/env node
// @ts-check
/**
 * Builds the image of an example model.
 *
 *     node docker/models/build-image.mjs MODEL [--tag hearth/MODEL]
 *
 * MODEL is a folder beside this file. Needs a Docker Engine and the base image (infra/make-base-image.sh makes it);
 * the build itself runs without a network. Labels say what Cog's would: the OpenAPI document, the configuration, the
 * version; so a platform can import the image without booting it.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { stageModel } from './stage.mjs';

const here = import.meta.dirname;
const BASE_IMAGE = 'node:24-bookworm-slim';
const ERROR_TAIL_LINES = 20;

export class ImageBuildError extends Error {
  name = 'ImageBuildError';
}

/**
 * Runs the docker command line. @returns its stdout. @throws ImageBuildError with the end of its stderr.
 * @param {string} docker @param {string[]} args @returns {Promise<string>}
 */
function run(docker, args) {
  return new Promise((resolve, reject) => {
    // BuildKit needs a plugin that old engines come without, and gives nothing to a build of one COPY.
    const env = { ...process.env, DOCKER_BUILDKIT: '0' };
    const child = spawn(docker, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('error', (error) => reject(new ImageBuildError(`${docker} could not be started: ${error.message}`)));
    child.on('close', (code) => {
      if (code === 0) return resolve(out);
      const tail = (err.trim() || out.trim()).split('\n').slice(-ERROR_TAIL_LINES).join('\n');
      reject(new ImageBuildError(`docker ${args[0]} failed (exit code ${code}):\n${tail}`));
    });
  });
}

/** @returns {string[]} names of the models that can be built */
export const modelNames = () =>
  readdirSync(here, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(here, entry.name, 'src/main.ts')))
    .map((entry) => entry.name);

/** @param {string} folder @returns {Promise<Record<string, string>>} */
async function labelsOf(folder) {
  const kit = createRequire(join(folder, 'package.json')).resolve('@hearth/modelkit');
  const { openapiOf, COG_VERSION } = await import(pathToFileURL(kit).href);
  const { model } = await import(pathToFileURL(join(folder, 'src/model.ts')).href);
  return {
    'run.cog.version': COG_VERSION,
    'run.cog.config': JSON.stringify({ build: { gpu: false }, concurrency: { max: model.concurrency } }),
    'run.cog.openapi_schema': JSON.stringify(openapiOf(model)),
  };
}

/**
 * @param {object} what
 * @param {string} what.model name of a model, for instance `ocr`
 * @param {string} [what.tag] default `hearth/<model>`
 * @param {string} [what.docker] the docker command; default `docker`
 * @returns {Promise<{ tag: string, id: string, sizeBytes: number }>}
 * @throws {ImageBuildError} unknown model, no engine, no base image, or a build that failed
 */
export async function buildModelImage({ model, tag = `hearth/${model}`, docker = 'docker' }) {
  if (!modelNames().includes(model)) {
    throw new ImageBuildError(`model is '${model}'; it must be one of ${modelNames().join(', ')}`);
  }
  if (process.platform !== 'linux') {
    throw new ImageBuildError(`images are made of the packages installed here, and these are for ${process.platform}`);
  }
  await run(docker, ['version', '--format', '{{.Server.Version}}']).catch((error) => {
    throw new ImageBuildError(`no Docker Engine answers: ${error.message}`);
  });
  await run(docker, ['image', 'inspect', '--format', '{{.Id}}', BASE_IMAGE]).catch(() => {
    throw new ImageBuildError(`the engine has no image ${BASE_IMAGE}; infra/make-base-image.sh gets or makes it`);
  });
  const folder = join(here, model);
  const stage = await mkdtemp(join(tmpdir(), `image-${model}-`));
  try {
    await stageModel({ model: folder, into: stage });
    const labels = Object.entries(await labelsOf(folder)).flatMap(([name, value]) => ['--label', `${name}=${value}`]);
    const file = join(here, 'Dockerfile');
    await run(docker, ['build', '--quiet', '--network', 'none', '--file', file, '--tag', tag, ...labels, stage]);
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
  const [id = '', size] = (await run(docker, ['image', 'inspect', '--format', '{{.Id}} {{.Size}}', tag]))
    .trim()
    .split(' ');
  return { tag, id, sizeBytes: Number(size) };
}

async function main() {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { tag: { type: 'string' } } });
  const [model, ...more] = positionals;
  if (model === undefined || more.length > 0) {
    throw new ImageBuildError(`usage: build-image.mjs MODEL [--tag NAME]; MODEL is one of ${modelNames().join(', ')}`);
  }
  const { tag, id, sizeBytes } = await buildModelImage({ model, ...(values.tag !== undefined && { tag: values.tag }) });
  console.log(`${tag} ${id} ${(sizeBytes / 1e6).toFixed(0)} MB`);
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  main().catch((error) => {
    console.error(error instanceof ImageBuildError ? error.message : error);
    process.exitCode = 1;
  });
}
